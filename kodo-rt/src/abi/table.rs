// The C ABI between compiled programs and the runtime, declared once.
//
// This file is `include!`d by both sides and expands the macro it is given over the whole table:
// `kodo-rt` checks that every definition has exactly the type written here, `kodo-llvm` makes its
// enum of runtime symbols and their LLVM declarations from it. A row is
//
//     fn kodo_area_verb(name: Type, ...) -> Type [attributes];
//
// Types: `I64` `I32` `F64` `Bool` (one byte, 0 or 1) `Ptr` `Unit` `Never`.
// Attributes: `leaf` neither parks, yields, panics nor calls back into compiled code; `cold` is a slow path;
// `parks` may suspend the calling green thread; `pure` reads nothing but its arguments.
//
// Conventions. A *borrowed* pointer stays the caller's; an *owned* one is given away. `out` is
// uninitialized memory of the element's size that the callee fills. `value` is memory that the
// callee moves out of. `site` is a static `Site`. `ty` is a static `TypeInfo`.
macro_rules! kodo_abi_table {
    ($expand:ident) => {
        $expand! {
            // ---- entry and exit
            fn kodo_rt_main(argc: I32, argv: Ptr, program: Ptr) -> I32 [];
            fn kodo_process_exit(code: I64) -> Never [cold];
            fn kodo_process_args() -> Ptr [leaf];

            // ---- panics (all print message, location, thread and spawn site, then end the process with 101)
            fn kodo_panic(text: Ptr, len: I64, site: Ptr) -> Never [cold];
            fn kodo_panic_string(message: Ptr, site: Ptr) -> Never [cold];
            fn kodo_panic_index(index: I64, len: I64, site: Ptr) -> Never [cold];
            fn kodo_panic_div_zero(site: Ptr) -> Never [cold];
            fn kodo_panic_div_overflow(site: Ptr) -> Never [cold];
            fn kodo_panic_conversion(text: Ptr, type_name: Ptr, site: Ptr) -> Never [cold];

            // ---- memory: the one place that allocates and counts objects
            fn kodo_mem_alloc(size: I64) -> Ptr [leaf];
            fn kodo_mem_free(object: Ptr) -> Unit [leaf];

            // Calls `work(object, all)`: now, or after the one that is being called, so that works which ask for works need
            // no deeper stack.
            fn kodo_mem_later(work: Ptr, object: Ptr, all: I64) -> Unit [];

            // ---- strings (owned = the count moves into the callee; results are owned)
            fn kodo_string_free(s: Ptr) -> Unit [leaf];
            fn kodo_string_append(owned: Ptr, borrowed: Ptr) -> Ptr [leaf];
            fn kodo_string_append_int(owned: Ptr, v: I64) -> Ptr [leaf];
            fn kodo_string_append_float(owned: Ptr, v: F64) -> Ptr [leaf];
            fn kodo_string_append_uint(owned: Ptr, v: I64) -> Ptr [leaf];
            fn kodo_string_append_float32(owned: Ptr, v: F64) -> Ptr [leaf];
            fn kodo_string_append_bool(owned: Ptr, v: Bool) -> Ptr [leaf];
            fn kodo_string_from_int(v: I64) -> Ptr [leaf];
            fn kodo_string_from_code(code: I64) -> Ptr [leaf];
            fn kodo_string_from_float(v: F64) -> Ptr [leaf];
            fn kodo_string_from_uint(v: I64) -> Ptr [leaf];
            fn kodo_string_from_float32(v: F64) -> Ptr [leaf];
            fn kodo_string_from_bool(v: Bool) -> Ptr [leaf];
            // `format`, from its lowest bit: 21 of the fill, 2 of the alignment (none, left, centre, right), `+`, `#`, `0`,
            // is there a precision, 10 of the precision, 16 of the width, 3 of the kind (text, debug, x, X, b, o, e, E).
            // `bits` is the width of an integer's type, negative if it has no sign; `single`: the number was a Float32.
            fn kodo_string_format_int(owned: Ptr, v: I64, bits: I64, format: I64) -> Ptr [leaf];
            fn kodo_string_format_float(owned: Ptr, v: F64, single: Bool, format: I64) -> Ptr [leaf];
            fn kodo_string_format_text(owned: Ptr, borrowed: Ptr, format: I64) -> Ptr [leaf];
            fn kodo_string_append_quoted(owned: Ptr, borrowed: Ptr) -> Ptr [leaf];
            fn kodo_string_chars(s: Ptr) -> Ptr [leaf];
            fn kodo_string_bytes(s: Ptr) -> Ptr [leaf];
            fn kodo_string_try_parse_int(s: Ptr, out: Ptr) -> Bool [leaf];
            fn kodo_string_try_parse_float(s: Ptr, out: Ptr) -> Bool [leaf];
            fn kodo_string_eq(a: Ptr, b: Ptr) -> Bool [leaf];
            fn kodo_string_cmp(a: Ptr, b: Ptr) -> I64 [leaf];
            fn kodo_string_length(s: Ptr) -> I64 [leaf];
            fn kodo_string_byte_length(s: Ptr) -> I64 [leaf];
            fn kodo_string_contains(s: Ptr, part: Ptr) -> Bool [leaf];
            fn kodo_string_starts_with(s: Ptr, part: Ptr) -> Bool [leaf];
            fn kodo_string_ends_with(s: Ptr, part: Ptr) -> Bool [leaf];
            fn kodo_string_trim(s: Ptr) -> Ptr [leaf];
            fn kodo_string_to_upper(s: Ptr) -> Ptr [leaf];
            fn kodo_string_to_lower(s: Ptr) -> Ptr [leaf];
            fn kodo_string_substring(s: Ptr, from: I64, to: I64) -> Ptr [leaf];
            fn kodo_string_repeat(s: Ptr, n: I64) -> Ptr [leaf];
            fn kodo_string_parse_int(s: Ptr) -> I64 [leaf];
            fn kodo_string_char_at(s: Ptr, index: I64) -> I64 [leaf];
            fn kodo_string_split(s: Ptr, separator: Ptr) -> Ptr [leaf];

            // ---- function values
            fn kodo_closure_free(object: Ptr) -> Unit [];
            fn kodo_closure_share(object: Ptr, all: I64) -> Unit [];

            // ---- lists (`list` is the address of the variable that holds the buffer pointer)
            fn kodo_list_free(buffer: Ptr, ty: Ptr) -> Unit [];
            fn kodo_list_from(values: Ptr, count: I64, ty: Ptr) -> Ptr [leaf];
            fn kodo_list_push(list: Ptr, value: Ptr, ty: Ptr) -> Unit [];
            fn kodo_list_pop(list: Ptr, out: Ptr, ty: Ptr) -> Bool [];
            fn kodo_list_remove(list: Ptr, index: I64, ty: Ptr) -> Bool [];
            fn kodo_list_make_unique(list: Ptr, ty: Ptr) -> Unit [];
            fn kodo_list_reserve(list: Ptr, least: I64, ty: Ptr) -> Unit [];

            // ---- hashing: the hash so far, and what follows; keyed by the process's seed
            fn kodo_hash_word(state: I64, word: I64) -> I64 [leaf];
            fn kodo_hash_string(state: I64, s: Ptr) -> I64 [leaf];

            // ---- characters and numbers
            fn kodo_char_is_alpha(code: I64) -> Bool [leaf];
            fn kodo_char_is_whitespace(code: I64) -> Bool [leaf];
            fn kodo_rand_int(low: I64, high: I64) -> I64 [leaf];

            // ---- text input and output
            fn kodo_io_print(s: Ptr) -> Unit [leaf];
            fn kodo_io_println(s: Ptr) -> Unit [leaf];
            // The next line of standard input, without its end; false at the end of the input.
            fn kodo_io_read_line(out: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_io_println_int(v: I64) -> Unit [leaf];
            fn kodo_io_print_float(v: F64) -> Unit [leaf];
            fn kodo_io_println_float(v: F64) -> Unit [leaf];
            fn kodo_io_eprint(s: Ptr) -> Unit [leaf];
            fn kodo_io_eprintln(s: Ptr) -> Unit [leaf];

            // ---- green threads. `entry` is `extern "C" fn(env: *mut u8, out: *mut u8)`; it owns what `env` holds.
            fn kodo_task_spawn(entry: Ptr, env: Ptr, env_ty: Ptr, result_ty: Ptr, site: Ptr) -> Ptr [parks];
            fn kodo_task_spawn_detached(entry: Ptr, env: Ptr, env_ty: Ptr, site: Ptr) -> Unit [parks];
            fn kodo_task_yield_now() -> Unit [parks];
            fn kodo_task_id() -> I64 [leaf];
            fn kodo_cpu_count() -> I64 [leaf];

            // ---- futures (handles are counted atomically by the runtime)
            fn kodo_future_await(future: Ptr, out: Ptr, site: Ptr) -> Unit [parks];
            // The same, if no other thread can use this very handle meanwhile (as one in a list might be used).
            fn kodo_future_await_own(future: Ptr, out: Ptr, site: Ptr) -> Unit [parks];
            fn kodo_future_retain(future: Ptr) -> Unit [leaf];
            fn kodo_future_release(future: Ptr) -> Unit [];

            // ---- `parallel` blocks: every spawn of a scope runs on an OS thread of its own
            fn kodo_parallel_begin() -> Ptr [];
            fn kodo_parallel_spawn(scope: Ptr, entry: Ptr, env: Ptr, env_ty: Ptr, result_ty: Ptr, site: Ptr) -> Ptr [parks];
            fn kodo_parallel_join(scope: Ptr, site: Ptr) -> Unit [parks];

            // ---- channels (handles are counted atomically; `ch` is borrowed)
            fn kodo_channel_new(ty: Ptr, site: Ptr) -> Ptr [leaf];
            fn kodo_channel_bounded(capacity: I64, ty: Ptr, site: Ptr) -> Ptr [];
            fn kodo_channel_retain(ch: Ptr) -> Unit [leaf];
            fn kodo_channel_release(ch: Ptr) -> Unit [];
            fn kodo_channel_send(ch: Ptr, value: Ptr, site: Ptr) -> Unit [parks];
            // The same for values of one word without glue.
            fn kodo_channel_send_word(ch: Ptr, value: I64, site: Ptr) -> Unit [parks];
            fn kodo_channel_recv_word(ch: Ptr, site: Ptr) -> I64 [parks];
            fn kodo_channel_next_word(ch: Ptr, out: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_channel_try_send(ch: Ptr, value: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_channel_recv(ch: Ptr, out: Ptr, site: Ptr) -> Unit [parks];
            fn kodo_channel_next(ch: Ptr, out: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_channel_try_recv(ch: Ptr, out: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_channel_recv_timeout(ch: Ptr, ms: I64, out: Ptr, site: Ptr) -> Bool [parks];
            fn kodo_channel_close(ch: Ptr) -> Unit [parks];
            fn kodo_channel_len(ch: Ptr) -> I64 [leaf];

            // ---- select. `arms` is an array of `SelectArm`; `mode` is one of SELECT_WAIT, SELECT_DEFAULT, SELECT_TIMEOUT.
            // The result is the index of the arm that ran, SELECT_CHOSE_DEFAULT or SELECT_CHOSE_TIMEOUT.
            fn kodo_select(arms: Ptr, count: I64, mode: I64, timeout_ms: I64, site: Ptr) -> I64 [parks];

            // ---- time
            fn kodo_time_sleep(ms: I64, site: Ptr) -> Unit [parks];
            fn kodo_time_now() -> I64 [leaf];
            fn kodo_time_now_ms() -> I64 [leaf];
            fn kodo_time_now_ns() -> I64 [leaf];
        }
    };
}
