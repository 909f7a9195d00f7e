// What Inference does for a rule, as a plain loop around ONNX Runtime's C API: copy the numbers to a tensor that is kept,
// run, read the outcome. One thread, no spinning. Knows the library's functions by their places in its table.
//
//     loop LIBRARY MODEL INPUTS SECONDS
//
// The model takes float [N, INPUTS] and gives float [N, 1]. Prints microseconds per row as JSON, the best of five counts,
// for runs of one row and of 256.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void (*function)(void);
static const function *api;

#define CALL(slot, types, ...) check(((void *(*)types)api[slot])(__VA_ARGS__))

static void check(void *status) {
    if (!status) return;
    fprintf(stderr, "loop: %s\n", ((const char *(*)(const void *))api[2])(status));
    exit(1);
}

static void fail(const char *what) {
    fprintf(stderr, "loop: %s\n", what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *open_model(const char *library_path, const char *model_path) {
    void *library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    struct base {
        const function *(*api)(uint32_t);
        const char *(*version)(void);
    };
    const struct base *(*base)(void) = (const struct base *(*)(void))dlsym(library, "OrtGetApiBase");
    if (!base || !(api = base()->api(17))) fail("not ONNX Runtime 1.17 or later");
    void *environment = NULL, *options = NULL, *session = NULL;
    CALL(3, (int, const char *, void **), 4, "loop", &environment);
    CALL(10, (void **), &options);
    CALL(24, (void *, int), options, 1);
    CALL(25, (void *, int), options, 1);
    CALL(23, (void *, int), options, 99);
    CALL(130, (void *, const char *, const char *), options, "session.intra_op.allow_spinning", "0");
    CALL(7, (void *, const char *, void *, void **), environment, model_path, options, &session);
    return session;
}

static double sum;

// Microseconds per row of runs of `rows` rows.
static double measure(void *session, const char *input_name, const char *output_name, int inputs, int rows, double seconds) {
    float *in = calloc((size_t)inputs * rows, sizeof *in), *out = calloc((size_t)rows, sizeof *out);
    float *source = calloc((size_t)inputs * rows, sizeof *source);
    for (int index = 0; index < inputs * rows; index++) source[index] = (float)(index % 37) / 11 - 1;
    void *memory = NULL, *input = NULL, *output = NULL;
    int64_t in_shape[] = {rows, inputs}, out_shape[] = {rows, 1};
    CALL(69, (int, int, void **), 1, 0, &memory);
    CALL(49, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory, in,
         (size_t)inputs * rows * sizeof *in, in_shape, 2, 1, &input);
    CALL(49, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory, out, (size_t)rows * sizeof *out,
         out_shape, 2, 1, &output);
    double best = 1e9;
    for (int count = 0; count < 5; count++) {
        double begin = now(), time = 0;
        long runs = 0;
        while (time < seconds / 5) {
            for (int index = 0; index < 100; index++) {
                memcpy(in, source, (size_t)inputs * rows * sizeof *in);
                CALL(9, (void *, void *, const char **, void **, size_t, const char **, size_t, void **), session, NULL,
                     &input_name, &input, 1, &output_name, 1, &output);
                sum += out[rows - 1];
            }
            runs += 100;
            time = now() - begin;
        }
        double each = time * 1e6 / (double)runs / rows;
        if (each < best) best = each;
    }
    return best;
}

int main(int count, char **arguments) {
    if (count != 5) fail("usage: loop LIBRARY MODEL INPUTS SECONDS");
    void *session = open_model(arguments[1], arguments[2]);
    void *allocator = NULL;
    char *input_name = NULL, *output_name = NULL;
    CALL(78, (void **), &allocator);
    CALL(36, (void *, size_t, void *, char **), session, 0, allocator, &input_name);
    CALL(37, (void *, size_t, void *, char **), session, 0, allocator, &output_name);
    int inputs = atoi(arguments[3]);
    double seconds = atof(arguments[4]);
    double single = measure(session, input_name, output_name, inputs, 1, seconds / 2);
    double batch = measure(session, input_name, output_name, inputs, 256, seconds / 2);
    printf("{\"single\": %.4f, \"batch\": %.4f, \"sum\": %g}\n", single, batch, sum);
    return 0;
}
