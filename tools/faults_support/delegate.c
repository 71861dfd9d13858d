/* Stands where libedgetpu would: a TensorFlow Lite delegate that misbehaves as STUB_DELEGATE says.
 *
 *   create   hangs while it is loaded        invoke   hangs in the first invocation
 *   abort    ends the process there          refuse   there is no device
 *
 * The structures are those of tensorflow/lite/c/common.h (2.14 and LiteRT 2), as far as they are used; a kernel's
 * registration is handed over by value, so it is made larger than any version's, the rest zero.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Context Context;
typedef struct Delegate Delegate;
typedef struct { int size; int data[]; } IntArray;

typedef struct {
    void *(*init)(Context *, const char *, size_t);
    void (*free)(Context *, void *);
    int (*prepare)(Context *, void *node);
    int (*invoke)(Context *, void *node);
    const char *(*profiling)(const Context *, const void *);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    void *rest[16];
} Registration;

struct Context {
    size_t tensors_size;
    int (*execution_plan)(Context *, IntArray **);
    void *tensors;
    void *impl;
    int (*resize_tensor)(Context *, void *, IntArray *);
    void (*report_error)(Context *, const char *, ...);
    int (*add_tensors)(Context *, int, int *);
    int (*node_and_registration)(Context *, int, void **, Registration **);
    int (*replace)(Context *, Registration, const IntArray *, Delegate *);
};

struct Delegate {
    void *data;
    int (*prepare)(Context *, Delegate *);
    void *copy_from, *copy_to, *free_buffer;
    int64_t flags;
    void *rest[8];
};

static const char *mode(void) {
    const char *said = getenv("STUB_DELEGATE");
    return said ? said : "invoke";
}

static void hang(void) {
    for (;;)
        pause();
}

static void *init(Context *context, const char *buffer, size_t length) {
    (void)context, (void)buffer, (void)length;
    return NULL;
}

static void release(Context *context, void *data) { (void)context, (void)data; }

static int ready(Context *context, void *node) {
    (void)context, (void)node;
    return 0;
}

static int invoke(Context *context, void *node) {
    (void)context, (void)node;
    if (strcmp(mode(), "abort") == 0)
        abort();
    hang();
    return 1;
}

static int prepare(Context *context, Delegate *delegate) {
    IntArray *plan = NULL;
    Registration registration;
    if (context->execution_plan(context, &plan) != 0)
        return 1;
    memset(&registration, 0, sizeof registration);
    registration.init = init;
    registration.free = release;
    registration.prepare = ready;
    registration.invoke = invoke;
    registration.custom_name = "stub";
    registration.version = 1;
    return context->replace(context, registration, plan, delegate);
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
    (void)keys, (void)values, (void)count, (void)report;
    if (strcmp(mode(), "refuse") == 0)
        return NULL;
    if (strcmp(mode(), "create") == 0)
        hang();
    Delegate *delegate = calloc(1, sizeof *delegate);
    delegate->prepare = prepare;
    return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
