//! Channels, futures, `select` and `parallel` as compiled programs see them.
//!
//! Thin: each entry point calls the function behind it and turns what cannot go on into a panic. A channel handle
//! named `ch` and a future named `f` are borrowed, except by the releases.

// What a caller owes is said once, by the conventions and rows of the ABI table.
#![allow(clippy::missing_safety_doc)]

use super::channel::{self, Received, Sent, Until};
use super::future::{self, Future};
use super::parallel::{self, Scope};
use super::place;
use super::select::{self, Chosen, Otherwise};
use crate::abi::{
    SELECT_CHOSE_DEFAULT, SELECT_CHOSE_TIMEOUT, SELECT_DEFAULT, SELECT_TIMEOUT, SelectArm, Site, TypeInfo,
};
use crate::panic::panic_at;
use crate::sched::Entry;

#[cold]
fn receive_on_closed(ch: *mut u8, site: *const Site) -> ! {
    // SAFETY: the caller has a handle.
    let made = place(unsafe { channel::borrow(ch) }.site());
    panic_at(&format!("receive on a closed channel (made at {made})"), site)
}

#[cold]
pub(crate) fn send_on_closed(ch: *mut u8, site: *const Site) -> ! {
    // SAFETY: the caller has a handle.
    let made = place(unsafe { channel::borrow(ch) }.site());
    panic_at(&format!("send on a closed channel (made at {made})"), site)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_new(ty: *const TypeInfo, site: *const Site) -> *mut u8 {
    // SAFETY: `ty` is a static of the program.
    channel::unbounded(unsafe { &*ty }, site)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_bounded(capacity: i64, ty: *const TypeInfo, site: *const Site) -> *mut u8 {
    // SAFETY: `ty` is a static of the program.
    channel::bounded(capacity, unsafe { &*ty }, site)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_retain(ch: *mut u8) {
    // SAFETY: the program passes a handle.
    unsafe { channel::retain(ch) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_release(ch: *mut u8) {
    // SAFETY: the program passes a handle and gives it up.
    unsafe { channel::release(ch) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_send(ch: *mut u8, value: *mut u8, site: *const Site) {
    // SAFETY: the program passes a handle it keeps and a value it gives away.
    if unsafe { channel::send::<false>(ch, value, site) } != Sent::Value {
        send_on_closed(ch, site);
    }
}

/// For values of one word without glue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_send_word(ch: *mut u8, value: i64, site: *const Site) {
    let mut value = value;
    // SAFETY: the program passes a handle it keeps.
    if unsafe { channel::send::<true>(ch, (&raw mut value).cast(), site) } != Sent::Value {
        send_on_closed(ch, site);
    }
}

/// For values of one word without glue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_recv_word(ch: *mut u8, site: *const Site) -> i64 {
    let mut value = 0i64;
    // SAFETY: the program passes a handle it keeps.
    if unsafe { channel::receive::<true>(ch, (&raw mut value).cast(), Until::Value, site) } != Received::Value {
        receive_on_closed(ch, site);
    }
    value
}

/// For values of one word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_next_word(ch: *mut u8, out: *mut u8, site: *const Site) -> bool {
    // SAFETY: the program passes a handle it keeps and room for a value.
    unsafe { channel::receive::<true>(ch, out, Until::End, site) == Received::Value }
}

/// False if the channel is full or closed; the value was dropped then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_try_send(ch: *mut u8, value: *mut u8, _site: *const Site) -> bool {
    // SAFETY: the program passes a handle and a value it gives away.
    unsafe { channel::try_send(ch, value) == Sent::Value }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_recv(ch: *mut u8, out: *mut u8, site: *const Site) {
    // SAFETY: the program passes a handle it keeps and room for a value.
    if unsafe { channel::receive::<false>(ch, out, Until::Value, site) } != Received::Value {
        receive_on_closed(ch, site);
    }
}

/// False once the channel is closed and drained, or nobody can send any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_next(ch: *mut u8, out: *mut u8, site: *const Site) -> bool {
    // SAFETY: the program passes a handle it keeps and room for a value.
    unsafe { channel::receive::<false>(ch, out, Until::End, site) == Received::Value }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_try_recv(ch: *mut u8, out: *mut u8, _site: *const Site) -> bool {
    // SAFETY: the program passes a handle and room for a value.
    unsafe { channel::try_receive(ch, out) == Received::Value }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_recv_timeout(ch: *mut u8, ms: i64, out: *mut u8, site: *const Site) -> bool {
    // SAFETY: the program passes a handle it keeps and room for a value.
    unsafe { channel::receive::<false>(ch, out, Until::Milliseconds(ms), site) == Received::Value }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_close(ch: *mut u8) {
    // SAFETY: the program passes a handle.
    unsafe { channel::close(ch) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_channel_len(ch: *mut u8) -> i64 {
    // SAFETY: the program passes a handle.
    unsafe { channel::len(ch) as i64 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_future_await(f: *mut Future, out: *mut u8, site: *const Site) {
    // SAFETY: the program passes a handle it keeps and room for the result.
    unsafe { future::await_copy(f, false, out, site) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_future_await_own(f: *mut Future, out: *mut u8, site: *const Site) {
    // SAFETY: the program passes a handle that nobody else uses, and room for the result.
    unsafe { future::await_copy(f, true, out, site) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_future_retain(f: *mut Future) {
    // SAFETY: the program passes a handle.
    unsafe { future::retain(f) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_future_release(f: *mut Future) {
    // SAFETY: the program passes a handle and gives it up.
    unsafe { future::release(f) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_select(
    arms: *mut SelectArm,
    count: i64,
    mode: i64,
    timeout_ms: i64,
    site: *const Site,
) -> i64 {
    // SAFETY: the program passes `count` arms; without any the address may be null.
    let arms = if count == 0 { &mut [][..] } else { unsafe { std::slice::from_raw_parts_mut(arms, count as usize) } };
    let otherwise = match mode {
        SELECT_DEFAULT => Otherwise::Default,
        SELECT_TIMEOUT => Otherwise::Timeout(timeout_ms),
        _ => Otherwise::Wait,
    };
    // SAFETY: the program passes handles it keeps, values it gives away, and room for values.
    match unsafe { select::select(arms, otherwise, site) } {
        Chosen::Arm(index) => index as i64,
        Chosen::Default => SELECT_CHOSE_DEFAULT,
        Chosen::Timeout => SELECT_CHOSE_TIMEOUT,
        Chosen::SendOnClosed(index) => send_on_closed(arms[index].channel, site),
        Chosen::AllClosed => panic_at("select: every channel is closed", site),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_parallel_begin() -> *mut Scope {
    let scope = crate::mem::alloc(size_of::<Scope>()).cast::<Scope>();
    // SAFETY: fresh memory of the right size.
    unsafe { scope.write(Scope::default()) };
    scope
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_parallel_spawn(
    scope: *mut Scope,
    entry: Entry,
    env: *mut u8,
    env_ty: *const TypeInfo,
    result_ty: *const TypeInfo,
    site: *const Site,
) -> *mut Future {
    // SAFETY: the program passes its scope, an environment it gives away, and static descriptions of types.
    unsafe { parallel::spawn(&mut *scope, entry, env, &*env_ty, result_ty.as_ref(), site) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_parallel_join(scope: *mut Scope, site: *const Site) {
    // SAFETY: the program gives its scope up.
    unsafe {
        parallel::join(&mut *scope, site);
        std::ptr::drop_in_place(scope);
        crate::mem::free(scope.cast());
    }
}

crate::abi::check!(
    kodo_channel_new,
    kodo_channel_bounded,
    kodo_channel_retain,
    kodo_channel_release,
    kodo_channel_send,
    kodo_channel_send_word,
    kodo_channel_recv_word,
    kodo_channel_next_word,
    kodo_channel_try_send,
    kodo_channel_recv,
    kodo_channel_next,
    kodo_channel_try_recv,
    kodo_channel_recv_timeout,
    kodo_channel_close,
    kodo_channel_len,
    kodo_future_await,
    kodo_future_await_own,
    kodo_future_retain,
    kodo_future_release,
    kodo_select,
    kodo_parallel_begin,
    kodo_parallel_spawn,
    kodo_parallel_join
);
