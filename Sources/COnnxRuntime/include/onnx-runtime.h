// ONNX Runtime as Inference uses it: the library is opened by path at run time, and its functions are reached by their
// places in its table, which only grows. Nothing of upstream's header is needed to build.
//
// Functions that can fail return 0 on success, else the library's error code (or -1) with a text in `message`, which
// holds `ONNX_MESSAGE_SIZE` bytes. Every pointer they take may be null: that is an error too, never a crash.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ONNX_MESSAGE_SIZE 1024
#define ONNX_PATH_SIZE 4096
#define ONNX_RANK_MAX 16

/// The library's code for bytes that are no protocol buffer.
#define ONNX_INVALID_PROTOBUF 7

typedef struct onnx_session onnx_session;
typedef struct onnx_value onnx_value;

enum onnx_loading {
    ONNX_LOADED = 0,
    ONNX_CANNOT_OPEN = 1,
    ONNX_IS_ANOTHER_LIBRARY = 2,
    ONNX_TOO_OLD = 3,
    ONNX_OTHER_MAJOR = 4,
    ONNX_CANNOT_START = 5,
} __attribute__((enum_extensibility(closed)));

/// Opens the library at `path` (without a slash: where the loader looks) for the rest of the process. Not for two
/// threads at once. `version` (64 bytes) and `found` (`ONNX_PATH_SIZE` bytes) tell what was opened.
enum onnx_loading onnx_load(const char *path, char *version, char *found, char *message);

/// A model from its file's bytes, which are not needed afterwards.
int onnx_session_open(const void *bytes, size_t count, onnx_session **session, char *message);
void onnx_session_close(onnx_session *session);

size_t onnx_session_count(const onnx_session *session, bool output);
/// Lives as long as the session. Null beyond the count.
const char *onnx_session_name(const onnx_session *session, bool output, size_t index);

enum onnx_kind {
    ONNX_OTHER = 0,
    ONNX_TENSOR = 1,
    /// A sequence of maps from labels to numbers.
    ONNX_LABEL_MAPS = 2,
} __attribute__((enum_extensibility(closed)));

typedef struct {
    enum onnx_kind kind;
    /// ONNX's number of the type of the elements, or of the numbers in maps.
    int element;
    /// Of the labels in maps.
    int key;
    size_t rank;
    /// A free length is negative.
    int64_t shape[ONNX_RANK_MAX];
} onnx_type;

int onnx_session_type(const onnx_session *session, bool output, size_t index, onnx_type *type, char *message);

/// Runs once: `inputs` and `outputs` hold one value for each of the session's. An output that is null is made by the
/// library and is then the caller's.
int onnx_session_run(
    const onnx_session *session, const onnx_value *const *inputs, onnx_value **outputs, char *message);
/// Ends a run from another thread as soon as the library looks, and those that begin before `onnx_session_resume`.
int onnx_session_terminate(const onnx_session *session, char *message);
int onnx_session_resume(const onnx_session *session, char *message);

/// A tensor over memory of the caller's, which must outlive it.
int onnx_value_over(
    const onnx_session *session, void *data, size_t byte_count, const int64_t *shape, size_t rank, int element,
    onnx_value **value, char *message);
void onnx_value_release(onnx_value *value);

typedef struct {
    int element;
    size_t count;
    size_t rank;
    int64_t shape[ONNX_RANK_MAX];
    /// Null for texts.
    const void *data;
} onnx_tensor;

int onnx_value_tensor(const onnx_value *value, onnx_tensor *tensor, char *message);

/// Bytes of all texts of a tensor together.
int onnx_value_text_size(const onnx_value *value, size_t *byte_count, char *message);
/// All texts one after the other, and for each of the `count` where it begins.
int onnx_value_texts(
    const onnx_value *value, char *bytes, size_t byte_count, size_t *offsets, size_t count, char *message);

/// Parts of a sequence (its elements) or of a map (0: keys, 1: numbers). A part is the caller's.
int onnx_value_part_count(const onnx_value *value, size_t *count, char *message);
int onnx_value_part(const onnx_value *value, size_t index, onnx_value **part, char *message);
