/* The least that compiled programs need of a runtime: one thread, no input, spawned bodies run at once.
 * At the end it prints how many objects are left. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int64_t count, len, capacity; } Buffer;
typedef struct { uint64_t size, align; void (*copy)(void *); void (*drop)(void *); void (*share)(void *, int64_t); const char *name; uint64_t name_len; } Type;
typedef struct { const char *file; uint64_t file_len; const char *function; uint64_t function_len; uint32_t line, column; } Site;
typedef struct { void *channel, *value; int64_t kind; } Arm;
typedef struct { uint64_t version; void (*main)(void *, void *); uint64_t threads, flags; const char *describe; uint64_t describe_len; } Program;
#define DATA(b) ((char *)(b) + sizeof(Buffer))

Buffer kodo_empty_buffer = {0, 0, 0};
static int64_t live;

static void *make(size_t n) { live++; return calloc(1, n); }
void kodo_mem_free(void *p) { live--; free(p); }
// The real one keeps a list, so that depth costs no stack; the programs here are shallow.
void kodo_mem_later(void (*work)(void *, int64_t), void *object, int64_t all) { work(object, all); }
void kodo_string_free(void *p) { kodo_mem_free(p); }

int kodo_rt_main(int argc, char **argv, Program *program) {
    int64_t status = -1;
    (void)argc; (void)argv;
    program->main(0, &status);
    printf("status %ld, %ld live, flags %lu\n", status, live, program->flags);
    fflush(stdout);
    return (int)status;
}

static void at(Site *s) {
    printf(" at %.*s:%u:%u in %.*s\n", (int)s->file_len, s->file, s->line, s->column, (int)s->function_len, s->function);
    fflush(stdout);
    _Exit(101);
}
void kodo_panic_index(int64_t i, int64_t n, Site *s) { printf("index %ld of %ld", i, n); at(s); }
void kodo_panic_div_zero(Site *s) { printf("division by zero"); at(s); }
void kodo_panic_div_overflow(Site *s) { printf("division overflow"); at(s); }
void kodo_panic_string(Buffer *m, Site *s) { printf("%.*s", (int)m->len, DATA(m)); at(s); }

static Buffer *string(const char *text, size_t n) {
    Buffer *b = make(sizeof(Buffer) + n);
    b->count = 1; b->len = b->capacity = n;
    memcpy(DATA(b), text, n);
    return b;
}
static void release(Buffer *b) {
    if (b->count > 1) b->count--;
    else if (b->count == 1 || b->count == -1) kodo_string_free(b);
    else if (b->count < 0) b->count++;
}
void kodo_io_print(Buffer *s) { printf("%.*s", (int)s->len, DATA(s)); }
void kodo_io_println(Buffer *s) { printf("%.*s\n", (int)s->len, DATA(s)); }
void kodo_io_println_int(int64_t v) { printf("%ld\n", v); }
void kodo_io_println_float(double v) { printf("%g\n", v); }
Buffer *kodo_string_from_int(int64_t v) { char t[32]; return string(t, sprintf(t, "%ld", v)); }
Buffer *kodo_string_append(Buffer *a, Buffer *b) {
    char *t = malloc(a->len + b->len + 1);
    memcpy(t, DATA(a), a->len);
    memcpy(t + a->len, DATA(b), b->len);
    Buffer *r = string(t, a->len + b->len);
    free(t);
    release(a);
    return r;
}
uint8_t kodo_string_eq(Buffer *a, Buffer *b) { return a->len == b->len && !memcmp(DATA(a), DATA(b), a->len); }

static Buffer *list(int64_t capacity, Type *t) {
    Buffer *b = make(sizeof(Buffer) + capacity * t->size);
    b->count = 1; b->capacity = capacity;
    return b;
}
Buffer *kodo_list_from(void *values, int64_t n, Type *t) {
    Buffer *b = list(n, t);
    memcpy(DATA(b), values, n * t->size);
    b->len = n;
    return b;
}
/* A buffer that this handle has to itself, with room for `room` more. */
static Buffer *own(Buffer *old, int64_t room, Type *t) {
    if ((old->count == 1 || old->count == -1) && old->len + room <= old->capacity) { old->count = 1; return old; }
    Buffer *b = list(2 * (old->len + room) + 4, t);
    memcpy(DATA(b), DATA(old), old->len * t->size);
    b->len = old->len;
    if (old->count == 1 || old->count == -1) { kodo_mem_free(old); return b; }
    for (int64_t i = 0; i < b->len && t->copy; i++) t->copy(DATA(b) + i * t->size);
    if (old->count > 0) old->count--; else if (old->count < 0) old->count++;
    return b;
}
void kodo_list_make_unique(Buffer **l, Type *t) { *l = own(*l, 0, t); }
void kodo_list_push(Buffer **l, void *value, Type *t) {
    *l = own(*l, 1, t);
    memcpy(DATA(*l) + (*l)->len++ * t->size, value, t->size);
}
uint8_t kodo_list_pop(Buffer **l, void *out, Type *t) {
    if ((*l)->len == 0) return 0;
    *l = own(*l, 0, t);
    memcpy(out, DATA(*l) + --(*l)->len * t->size, t->size);
    return 1;
}

typedef struct { int64_t count; Type *type; char *values; int64_t head, tail; uint8_t closed; } Channel;
Channel *kodo_channel_new(Type *t, Site *s) {
    (void)s;
    Channel *c = make(sizeof(Channel));
    c->count = 1; c->type = t; c->values = malloc(1024 * t->size);
    return c;
}
void kodo_channel_retain(Channel *c) { c->count++; }
void kodo_channel_release(Channel *c) {
    if (--c->count) return;
    for (; c->head < c->tail; c->head++) if (c->type->drop) c->type->drop(c->values + c->head * c->type->size);
    free(c->values);
    kodo_mem_free(c);
}
void kodo_channel_send(Channel *c, void *value, Site *s) {
    (void)s;
    if (c->type->share) c->type->share(value, 0);
    memcpy(c->values + c->tail++ * c->type->size, value, c->type->size);
}
void kodo_channel_recv(Channel *c, void *out, Site *s) {
    if (c->head == c->tail) { printf("nothing to receive"); at(s); }
    memcpy(out, c->values + c->head++ * c->type->size, c->type->size);
}
void kodo_channel_send_word(Channel *c, int64_t value, Site *s) { kodo_channel_send(c, &value, s); }
int64_t kodo_channel_recv_word(Channel *c, Site *s) {
    int64_t value = 0;
    kodo_channel_recv(c, &value, s);
    return value;
}
uint8_t kodo_channel_next(Channel *c, void *out, Site *s) {
    if (c->head == c->tail) return 0;
    kodo_channel_recv(c, out, s);
    return 1;
}
uint8_t kodo_channel_next_word(Channel *c, void *out, Site *s) { return kodo_channel_next(c, out, s); }
int64_t kodo_select(Arm *arms, int64_t n, int64_t mode, int64_t ms, Site *s) {
    (void)ms;
    int64_t chosen = mode == 1 ? -1 : -2;
    for (int64_t i = 0; i < n && chosen < 0; i++) {
        Channel *c = arms[i].channel;
        if (arms[i].kind == 1) { kodo_channel_send(c, arms[i].value, s); arms[i].kind = 2; chosen = i; }
        else if (c->head != c->tail) { kodo_channel_recv(c, arms[i].value, s); chosen = i; }
    }
    for (int64_t i = 0; i < n; i++) {
        Type *t = ((Channel *)arms[i].channel)->type;
        if (arms[i].kind == 1 && t->drop) t->drop(arms[i].value);
    }
    return chosen;
}

typedef struct { int64_t count; Type *type; char result[]; } Future;
Future *kodo_task_spawn(void (*entry)(void *, void *), void *env, Type *env_ty, Type *t, Site *s) {
    (void)s;
    Future *f = make(sizeof(Future) + t->size);
    f->count = 1; f->type = t;
    if (env_ty->share) env_ty->share(env, 0);
    entry(env, f->result);
    if (t->share) t->share(f->result, 1);
    return f;
}
void kodo_task_spawn_detached(void (*entry)(void *, void *), void *env, Type *env_ty, Site *s) {
    (void)s;
    if (env_ty->share) env_ty->share(env, 0);
    entry(env, 0);
}
void kodo_future_await(Future *f, void *out, Site *s) {
    (void)s;
    memcpy(out, f->result, f->type->size);
    if (f->type->copy) f->type->copy(out);
}
void kodo_future_await_own(Future *f, void *out, Site *s) { kodo_future_await(f, out, s); }
void kodo_future_retain(Future *f) { f->count++; }
void kodo_future_release(Future *f) {
    if (--f->count) return;
    if (f->type->drop) f->type->drop(f->result);
    kodo_mem_free(f);
}

/* What preempts a program: never, here. */
unsigned char kodo_preempt __attribute__((visibility("hidden"))) = 0;
__attribute__((visibility("hidden"))) void kodo_rt_yield(void) {}
