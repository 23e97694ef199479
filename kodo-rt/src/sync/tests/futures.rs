//! Futures and `parallel`.

use super::*;
use crate::sched::park::Reason;
use crate::sync::future::{self, Future};
use crate::sync::parallel;
use std::sync::Barrier;

#[derive(Clone, Copy)]
struct Fut(*mut Future);
// SAFETY: futures may be used by any thread.
unsafe impl Send for Fut {}
// SAFETY: as above.
unsafe impl Sync for Fut {}

impl Fut {
    fn new<T: Element>() -> Fut {
        take_part();
        // SAFETY: a static description.
        Fut(unsafe { future::new(T::info(), &SITE.0) })
    }
    fn complete<T: Element>(self, value: T) {
        // SAFETY: once, with a result.
        unsafe {
            future::result_slot(self.0).cast::<T>().write(value);
            future::complete(self.0);
        }
    }
    fn get<T: Element>(self) -> T {
        let mut out = MaybeUninit::<T>::uninit();
        // SAFETY: a handle and room for the result.
        unsafe {
            future::await_copy(self.0, false, out.as_mut_ptr().cast(), &SITE.0);
            out.assume_init()
        }
    }
    fn release(self) {
        // SAFETY: a handle, given up.
        unsafe { future::release(self.0) };
    }
    fn retain(self) {
        // SAFETY: a handle.
        unsafe { future::retain(self.0) };
    }
}

#[test]
fn every_await_gets_a_counted_copy() {
    let ledger = Ledger::default();
    let future = Fut::new::<Counted>();
    let value = ledger.value(7);
    future.complete(value);
    assert_eq!(value.shared(), [0, 1]);
    let copies: Vec<Counted> = (0..5).map(|_| future.get()).collect();
    assert_eq!(value.count(), 6);
    future.release();
    assert_eq!(value.count(), 5);
    copies.into_iter().for_each(Counted::drop_it);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn completion_wakes_all_awaiters() {
    let ledger = Ledger::default();
    for round in 0..100 {
        let (future, start) = (Fut::new::<Counted>(), Barrier::new(5));
        scope(|scope| {
            for _ in 0..4 {
                future.retain();
                scope.spawn(|| {
                    start.wait();
                    let got: Counted = future.get();
                    assert_eq!(got.0.id, round);
                    future.release();
                    got.drop_it();
                });
            }
            future.release();
            start.wait();
            future.complete(ledger.value(round));
        });
    }
    assert_eq!(ledger.live(), 0);
}

#[test]
fn a_result_that_nobody_awaits_is_dropped() {
    let ledger = Ledger::default();
    let future = Fut::new::<Counted>();
    future.complete(ledger.value(1));
    assert_eq!(ledger.live(), 1);
    future.release();
    assert_eq!(ledger.live(), 0);
    let future = Fut::new::<Counted>();
    future.release();
    future.complete(ledger.value(2));
    assert_eq!(ledger.live(), 0);
}

#[test]
fn results_of_every_size_arrive_whole() {
    let (a, b, c) = (Fut::new::<()>(), Fut::new::<u128>(), Fut::new::<[i64; 9]>());
    a.complete(());
    b.complete(5u128 << 100);
    c.complete([3i64; 9]);
    a.get::<()>();
    assert_eq!(b.get::<u128>(), 5 << 100);
    assert_eq!(c.get::<[i64; 9]>(), [3; 9]);
    [a, b, c].into_iter().for_each(Fut::release);
}

#[test]
fn a_wait_for_another_reason_takes_no_copy() {
    let ledger = Ledger::default();
    let future = Fut::new::<Counted>();
    let value = ledger.value(1);
    scope(|scope| {
        // SAFETY: a handle.
        scope.spawn(|| unsafe { future::wait({ future }.0, Reason::Join, &SITE.0) });
        future.complete(value);
    });
    assert_eq!(value.count(), 1);
    future.release();
    assert_eq!(ledger.live(), 0);
}

/// What the threads of these scopes are given.
#[derive(Clone, Copy)]
struct Env {
    ch: *mut u8,
    number: i64,
}
// SAFETY: handles may be used by any thread.
unsafe impl Send for Env {}

unsafe extern "C" fn share_env(value: *mut u8, all: i64) {
    assert_eq!(all, 0);
    // SAFETY: the value is an environment.
    unsafe { (*value.cast::<Env>()).number += 1000 };
}

impl Element for Env {
    fn info() -> &'static TypeInfo {
        static INFO: Static<TypeInfo> = info(size_of::<Env>(), 8, None, None, Some(share_env));
        &INFO.0
    }
}

/// Sends its number, gives its handle up, and results in the number's square.
unsafe extern "C" fn square(env: *mut u8, out: *mut u8) {
    // SAFETY: called with an environment and room for a number, or for nothing.
    unsafe {
        let env = env.cast::<Env>().read();
        let ch = Ch::<i64>(env.ch, PhantomData);
        assert_eq!(ch.send(env.number), Sent::Value);
        out.cast::<i64>().write(env.number * env.number);
    }
}

/// A scope of its own with two threads inside; results in their sum.
unsafe extern "C" fn nested(env: *mut u8, out: *mut u8) {
    // SAFETY: called with an environment and room for a number.
    unsafe {
        let env = env.cast::<Env>().read();
        let ch = Ch::<i64>(env.ch, PhantomData);
        let mut scope = parallel::Scope::default();
        let results = [1, 2].map(|n| start(&mut scope, square, &ch, env.number - 1000 + n));
        parallel::join(&mut scope, &SITE.0);
        out.cast::<i64>().write(results.map(take_result).into_iter().sum());
    }
}

fn start(scope: &mut parallel::Scope, entry: crate::sched::Entry, ch: &Ch<i64>, number: i64) -> Fut {
    let handle = ch.clone();
    let mut env = Env { ch: handle.0, number };
    std::mem::forget(handle);
    // SAFETY: an environment, given away, with a static description.
    Fut(unsafe { parallel::spawn(scope, entry, (&raw mut env).cast(), Env::info(), Some(i64::info()), &SITE.0) })
}

fn take_result(future: Fut) -> i64 {
    let result = future.get();
    future.release();
    result
}

#[test]
fn a_parallel_scope_ends_when_all_threads_have_ended() {
    let (ch, mut scope) = (bounded::<i64>(0), parallel::Scope::default());
    let results: Vec<Fut> = (0..8).map(|n| start(&mut scope, square, &ch, n)).collect();
    let receiver = {
        let ch = ch.clone();
        spawn(move || (0..8).map(|_| ch.recv()).sum::<i64>())
    };
    // SAFETY: the scope's own futures.
    unsafe { parallel::join(&mut scope, &SITE.0) };
    // Environments were copied and shared before.
    assert_eq!(receiver.join().unwrap(), (1000..1008).sum());
    let squares: i64 = results.into_iter().map(take_result).sum();
    assert_eq!(squares, (1000..1008).map(|n| n * n).sum());
    // Every thread gave its handle up.
    assert_eq!(ch.next(), None);
}

#[test]
fn parallel_scopes_nest() {
    let (ch, mut scope) = (unbounded::<i64>(), parallel::Scope::default());
    let results = [10, 20].map(|n| start(&mut scope, nested, &ch, n));
    // SAFETY: the scope's own futures.
    unsafe { parallel::join(&mut scope, &SITE.0) };
    let sums = results.map(take_result);
    assert_eq!(sums, [1011 * 1011 + 1012 * 1012, 1021 * 1021 + 1022 * 1022]);
    assert_eq!(ch.len(), 4);
}

#[test]
fn threads_of_a_scope_without_results_are_joined_too() {
    unsafe extern "C" fn report(env: *mut u8, _out: *mut u8) {
        // SAFETY: called with an environment.
        let env = unsafe { env.cast::<Env>().read() };
        assert_eq!(Ch::<i64>(env.ch, PhantomData).send(env.number), Sent::Value);
    }
    let (ch, mut scope) = (unbounded::<i64>(), parallel::Scope::default());
    for number in 0..5 {
        let handle = ch.clone();
        let mut env = Env { ch: handle.0, number };
        std::mem::forget(handle);
        // SAFETY: an environment, given away, with a static description.
        let future = unsafe { parallel::spawn(&mut scope, report, (&raw mut env).cast(), Env::info(), None, &SITE.0) };
        assert!(future.is_null());
    }
    // SAFETY: the scope's own futures.
    unsafe { parallel::join(&mut scope, &SITE.0) };
    assert_eq!(ch.len(), 5);
}

#[test]
fn an_empty_scope_ends_at_once() {
    // SAFETY: a scope without futures.
    unsafe { parallel::join(&mut parallel::Scope::default(), &SITE.0) };
}
