#define _GNU_SOURCE
#include "onnx-runtime.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Served by 1.17 and everything later.
#define API_VERSION 17

// The library's things, which only pass through here.
typedef struct status status;
typedef struct environment environment;
typedef struct options options;
typedef struct memory_info memory_info;
typedef struct run_options run_options;
typedef struct type_info type_info;
typedef struct tensor_info tensor_info;
typedef struct map_info map_info;
typedef struct sequence_info sequence_info;
typedef struct allocator allocator;
typedef struct native_session native_session;

typedef void (*function)(void);

struct api_base {
    const function *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

// Places in the table.
enum {
    GET_ERROR_CODE = 1,
    GET_ERROR_MESSAGE = 2,
    CREATE_ENVIRONMENT = 3,
    CREATE_SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    DISABLE_MEMORY_PATTERN = 17,
    DISABLE_MEMORY_ARENA = 19,
    SET_LOG_SEVERITY = 22,
    SET_OPTIMIZATION = 23,
    SET_INTRA_THREADS = 24,
    SET_INTER_THREADS = 25,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_TYPE = 33,
    OUTPUT_TYPE = 34,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_RUN_OPTIONS = 39,
    SET_TERMINATE = 46,
    UNSET_TERMINATE = 47,
    CREATE_TENSOR_OVER = 49,
    IS_TENSOR = 50,
    TENSOR_DATA = 51,
    TEXTS_LENGTH = 53,
    TEXTS_CONTENT = 54,
    CAST_TO_TENSOR_INFO = 55,
    ONNX_TYPE_OF = 56,
    ELEMENT_TYPE = 60,
    DIMENSION_COUNT = 61,
    DIMENSIONS = 62,
    ELEMENT_COUNT = 64,
    TYPE_AND_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    ALLOCATOR_FREE = 76,
    DEFAULT_ALLOCATOR = 78,
    GET_PART = 80,
    GET_PART_COUNT = 81,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_RUN_OPTIONS = 97,
    RELEASE_TYPE_INFO = 98,
    RELEASE_TENSOR_INFO = 99,
    RELEASE_SESSION_OPTIONS = 100,
    CAST_TO_MAP_INFO = 103,
    CAST_TO_SEQUENCE_INFO = 104,
    MAP_KEY = 105,
    MAP_VALUE = 106,
    SEQUENCE_ELEMENT = 107,
    ADD_SESSION_ENTRY = 130,
};

static const function *api;
static environment *process_environment;
static allocator *default_allocator;

struct onnx_session {
    native_session *native;
    memory_info *memory;
    run_options *run;
    size_t input_count, output_count;
    // Inputs, then outputs; the library's memory.
    char **names;
};

// A call of the function at `slot` that takes `types`.
#define CALL(slot, types, ...) (((status * (*)types) api[slot])(__VA_ARGS__))
#define RELEASE(slot, thing)                                                                                           \
    do {                                                                                                               \
        if (thing) ((void (*)(void *))api[slot])(thing);                                                               \
    } while (0)

static int complain(char *message, const char *text) {
    if (message) snprintf(message, ONNX_MESSAGE_SIZE, "%s", text);
    return -1;
}

static int finish(status *result, char *message) {
    if (!result) return 0;
    int code = ((int (*)(const status *))api[GET_ERROR_CODE])(result);
    const char *text = ((const char *(*)(const status *))api[GET_ERROR_MESSAGE])(result);
    complain(message, text ? text : "no reason given");
    RELEASE(RELEASE_STATUS, result);
    return code ? code : -1;
}

// MARK: - The library

enum onnx_loading onnx_load(const char *path, char *version, char *found, char *message) {
    if (api) return complain(message, "a library is loaded already"), ONNX_CANNOT_START;
    if (!path || !version || !found) return complain(message, "no path"), ONNX_CANNOT_OPEN;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        return complain(message, reason ? reason : "dlopen"), ONNX_CANNOT_OPEN;
    }
    // Never closed from here on: its threads and exit handlers outlive a dlclose.
    const struct api_base *(*get_base)(void) = (const struct api_base *(*)(void))dlsym(library, "OrtGetApiBase");
    if (!get_base) return complain(message, "it has no OrtGetApiBase"), ONNX_IS_ANOTHER_LIBRARY;
    Dl_info place;
    snprintf(found, ONNX_PATH_SIZE, "%s",
             dladdr((void *)get_base, &place) && place.dli_fname ? place.dli_fname : path);
    const struct api_base *base = get_base();
    if (!base) return complain(message, "it gives no table"), ONNX_IS_ANOTHER_LIBRARY;
    const char *text = base->get_version();
    snprintf(version, 64, "%s", text ? text : "");
    if (strncmp(version, "1.", 2) != 0) return complain(message, "another major version"), ONNX_OTHER_MAJOR;
    const function *table = base->get_api(API_VERSION);
    if (!table) return complain(message, "too old"), ONNX_TOO_OLD;
    api = table;
    // Severity 4: only what is fatal; everything else comes back as a status.
    int code = finish(CALL(CREATE_ENVIRONMENT, (int, const char *, environment **), 4, "sluice", &process_environment),
                      message);
    if (!code)
        code = finish(CALL(DEFAULT_ALLOCATOR, (allocator **), &default_allocator), message);
    if (code) {
        api = NULL;
        return ONNX_CANNOT_START;
    }
    return ONNX_LOADED;
}

// MARK: - Sessions

static int set_options(options *settings, char *message) {
    static const char *const spinning[] = {"session.intra_op.allow_spinning", "session.inter_op.allow_spinning"};
    int code = finish(CALL(SET_INTRA_THREADS, (options *, int), settings, 1), message);
    if (!code) code = finish(CALL(SET_INTER_THREADS, (options *, int), settings, 1), message);
    if (!code) code = finish(CALL(SET_LOG_SEVERITY, (options *, int), settings, 4), message);
    if (!code) code = finish(CALL(SET_OPTIMIZATION, (options *, int), settings, 99), message);
    // Measured: neither makes small models faster, and both keep memory, the pattern for each number of rows.
    if (!code) code = finish(CALL(DISABLE_MEMORY_ARENA, (options *), settings), message);
    if (!code) code = finish(CALL(DISABLE_MEMORY_PATTERN, (options *), settings), message);
    for (int index = 0; !code && index < 2; index++)
        code = finish(CALL(ADD_SESSION_ENTRY, (options *, const char *, const char *), settings, spinning[index], "0"),
                      message);
    return code;
}

static int create(const void *bytes, size_t count, native_session **session, char *message) {
    options *settings = NULL;
    int code = finish(CALL(CREATE_SESSION_OPTIONS, (options **), &settings), message);
    if (!code) code = set_options(settings, message);
    if (!code)
        code = finish(CALL(CREATE_SESSION_FROM_ARRAY,
                           (const environment *, const void *, size_t, const options *, native_session **),
                           process_environment, bytes, count, settings, session),
                      message);
    RELEASE(RELEASE_SESSION_OPTIONS, settings);
    return code;
}

static int read_names(onnx_session *session, char *message) {
    int code = finish(CALL(INPUT_COUNT, (const native_session *, size_t *), session->native, &session->input_count),
                      message);
    if (!code)
        code = finish(CALL(OUTPUT_COUNT, (const native_session *, size_t *), session->native, &session->output_count),
                      message);
    if (code) return code;
    session->names = calloc(session->input_count + session->output_count + 1, sizeof *session->names);
    if (!session->names) return complain(message, "no memory");
    for (size_t index = 0; !code && index < session->input_count + session->output_count; index++) {
        bool output = index >= session->input_count;
        code = finish(CALL(output ? OUTPUT_NAME : INPUT_NAME, (const native_session *, size_t, allocator *, char **),
                           session->native, output ? index - session->input_count : index, default_allocator,
                           &session->names[index]),
                      message);
    }
    return code;
}

int onnx_session_open(const void *bytes, size_t count, onnx_session **result, char *message) {
    if (!api) return complain(message, "no library is loaded");
    if (!bytes || !count || !result) return complain(message, "nothing to open");
    *result = NULL;
    onnx_session *session = calloc(1, sizeof *session);
    if (!session) return complain(message, "no memory");
    int code = create(bytes, count, &session->native, message);
    if (!code) code = read_names(session, message);
    // 1, 0: what the library calls an arena's allocator and the default kind of memory; said of memory of ours.
    if (!code)
        code = finish(CALL(CREATE_CPU_MEMORY_INFO, (int, int, memory_info **), 1, 0, &session->memory), message);
    if (!code) code = finish(CALL(CREATE_RUN_OPTIONS, (run_options **), &session->run), message);
    if (code) {
        onnx_session_close(session);
        return code;
    }
    *result = session;
    return 0;
}

void onnx_session_close(onnx_session *session) {
    if (!session || !api) return;
    for (size_t index = 0; session->names && index < session->input_count + session->output_count; index++)
        if (session->names[index])
            finish(CALL(ALLOCATOR_FREE, (allocator *, void *), default_allocator, session->names[index]), NULL);
    free(session->names);
    RELEASE(RELEASE_RUN_OPTIONS, session->run);
    RELEASE(RELEASE_MEMORY_INFO, session->memory);
    RELEASE(RELEASE_SESSION, session->native);
    free(session);
}

size_t onnx_session_count(const onnx_session *session, bool output) {
    if (!session) return 0;
    return output ? session->output_count : session->input_count;
}

const char *onnx_session_name(const onnx_session *session, bool output, size_t index) {
    if (index >= onnx_session_count(session, output)) return NULL;
    return session->names[output ? session->input_count + index : index];
}

// MARK: - Types

// Element and shape of what both types and values are described by.
static int read_tensor(const tensor_info *info, int *element, size_t *rank, int64_t *shape, char *message) {
    *rank = 0;
    int code = finish(CALL(ELEMENT_TYPE, (const tensor_info *, int *), info, element), message);
    if (!code) code = finish(CALL(DIMENSION_COUNT, (const tensor_info *, size_t *), info, rank), message);
    if (!code && *rank > ONNX_RANK_MAX) return complain(message, "a tensor of more than 16 dimensions");
    if (!code && *rank)
        code = finish(CALL(DIMENSIONS, (const tensor_info *, int64_t *, size_t), info, shape, *rank), message);
    return code;
}

// `type` of a tensor; left alone where `info` is something else.
static int read_tensor_type(const type_info *info, onnx_type *type, char *message) {
    int kind = 0;
    const tensor_info *tensor = NULL;
    int code = finish(CALL(ONNX_TYPE_OF, (const type_info *, int *), info, &kind), message);
    if (code || kind != 1) return code;
    code = finish(CALL(CAST_TO_TENSOR_INFO, (const type_info *, const tensor_info **), info, &tensor), message);
    if (code || !tensor) return code;
    type->kind = ONNX_TENSOR;
    return read_tensor(tensor, &type->element, &type->rank, type->shape, message);
}

static int read_map_type(const type_info *info, onnx_type *type, char *message) {
    const map_info *map = NULL;
    type_info *number = NULL;
    onnx_type numbers = {0};
    int code = finish(CALL(CAST_TO_MAP_INFO, (const type_info *, const map_info **), info, &map), message);
    if (code || !map) return code;
    code = finish(CALL(MAP_KEY, (const map_info *, int *), map, &type->key), message);
    if (!code) code = finish(CALL(MAP_VALUE, (const map_info *, type_info **), map, &number), message);
    if (!code && number) code = read_tensor_type(number, &numbers, message);
    type->element = numbers.element;
    if (numbers.kind == ONNX_TENSOR) type->kind = ONNX_LABEL_MAPS;
    RELEASE(RELEASE_TYPE_INFO, number);
    return code;
}

static int read_sequence_type(const type_info *info, onnx_type *type, char *message) {
    const sequence_info *sequence = NULL;
    type_info *element = NULL;
    int kind = 0;
    int code = finish(CALL(CAST_TO_SEQUENCE_INFO, (const type_info *, const sequence_info **), info, &sequence),
                      message);
    if (code || !sequence) return code;
    code = finish(CALL(SEQUENCE_ELEMENT, (const sequence_info *, type_info **), sequence, &element), message);
    if (!code && element) code = finish(CALL(ONNX_TYPE_OF, (const type_info *, int *), element, &kind), message);
    if (!code && kind == 3) code = read_map_type(element, type, message);
    RELEASE(RELEASE_TYPE_INFO, element);
    return code;
}

int onnx_session_type(const onnx_session *session, bool output, size_t index, onnx_type *type, char *message) {
    if (!type || index >= onnx_session_count(session, output))
        return complain(message, "there is no such input or output");
    memset(type, 0, sizeof *type);
    type_info *info = NULL;
    int code = finish(CALL(output ? OUTPUT_TYPE : INPUT_TYPE, (const native_session *, size_t, type_info **),
                           session->native, index, &info),
                      message);
    int kind = 0;
    if (!code && info) code = finish(CALL(ONNX_TYPE_OF, (const type_info *, int *), info, &kind), message);
    if (!code && kind == 1) code = read_tensor_type(info, type, message);
    if (!code && kind == 2) code = read_sequence_type(info, type, message);
    RELEASE(RELEASE_TYPE_INFO, info);
    return code;
}

// MARK: - Runs

int onnx_session_run(
    const onnx_session *session, const onnx_value *const *inputs, onnx_value **outputs, char *message) {
    if (!session || !inputs || !outputs) return complain(message, "nothing to run");
    const char *const *names = (const char *const *)session->names;
    status *result = CALL(RUN,
                          (native_session *, const run_options *, const char *const *, const onnx_value *const *,
                           size_t, const char *const *, size_t, onnx_value **),
                          session->native, session->run, names, inputs, session->input_count,
                          names + session->input_count, session->output_count, outputs);
    return result ? finish(result, message) : 0;
}

int onnx_session_terminate(const onnx_session *session, char *message) {
    if (!session) return complain(message, "no session");
    return finish(CALL(SET_TERMINATE, (run_options *), session->run), message);
}

int onnx_session_resume(const onnx_session *session, char *message) {
    if (!session) return complain(message, "no session");
    return finish(CALL(UNSET_TERMINATE, (run_options *), session->run), message);
}

// MARK: - Values

int onnx_value_over(
    const onnx_session *session, void *data, size_t byte_count, const int64_t *shape, size_t rank, int element,
    onnx_value **value, char *message) {
    if (!session || !data || !value || (rank && !shape)) return complain(message, "no memory for a tensor");
    *value = NULL;
    return finish(CALL(CREATE_TENSOR_OVER,
                       (const memory_info *, void *, size_t, const int64_t *, size_t, int, onnx_value **),
                       session->memory, data, byte_count, shape, rank, element, value),
                  message);
}

void onnx_value_release(onnx_value *value) {
    if (!api) return;
    RELEASE(RELEASE_VALUE, value);
}

int onnx_value_tensor(const onnx_value *value, onnx_tensor *tensor, char *message) {
    if (!api || !value || !tensor) return complain(message, "no value");
    memset(tensor, 0, sizeof *tensor);
    int is_tensor = 0;
    tensor_info *info = NULL;
    int code = finish(CALL(IS_TENSOR, (const onnx_value *, int *), value, &is_tensor), message);
    if (!code && !is_tensor) return complain(message, "an output that is no tensor");
    if (!code) code = finish(CALL(TYPE_AND_SHAPE, (const onnx_value *, tensor_info **), value, &info), message);
    if (!code) code = read_tensor(info, &tensor->element, &tensor->rank, tensor->shape, message);
    if (!code) code = finish(CALL(ELEMENT_COUNT, (const tensor_info *, size_t *), info, &tensor->count), message);
    RELEASE(RELEASE_TENSOR_INFO, info);
    // 8: texts, whose memory is the library's affair.
    if (!code && tensor->element != 8) {
        void *data = NULL;
        code = finish(CALL(TENSOR_DATA, (onnx_value *, void **), (onnx_value *)value, &data), message);
        tensor->data = data;
        if (!code && !data && tensor->count) return complain(message, "an output without memory");
    }
    return code;
}

int onnx_value_text_size(const onnx_value *value, size_t *byte_count, char *message) {
    if (!api || !value || !byte_count) return complain(message, "no value");
    *byte_count = 0;
    return finish(CALL(TEXTS_LENGTH, (const onnx_value *, size_t *), value, byte_count), message);
}

int onnx_value_texts(
    const onnx_value *value, char *bytes, size_t byte_count, size_t *offsets, size_t count, char *message) {
    if (!api || !value || !bytes || !offsets) return complain(message, "no value");
    return finish(CALL(TEXTS_CONTENT, (const onnx_value *, void *, size_t, size_t *, size_t), value, bytes, byte_count,
                       offsets, count),
                  message);
}

int onnx_value_part_count(const onnx_value *value, size_t *count, char *message) {
    if (!api || !value || !count) return complain(message, "no value");
    *count = 0;
    return finish(CALL(GET_PART_COUNT, (const onnx_value *, size_t *), value, count), message);
}

int onnx_value_part(const onnx_value *value, size_t index, onnx_value **part, char *message) {
    if (!api || !value || !part || index > INT_MAX) return complain(message, "no value");
    *part = NULL;
    return finish(CALL(GET_PART, (const onnx_value *, int, allocator *, onnx_value **), value, (int)index,
                       default_allocator, part),
                  message);
}
