//! Stand-in: a token per operating-system thread.

use crate::abi::Site;
use std::cell::Cell;
use std::sync::{Condvar, Mutex};

struct Token {
    woken: Mutex<bool>,
    changed: Condvar,
    main: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Waiter(usize);

fn token() -> &'static Token {
    // Leaked: an unpark may still touch it while its thread ends.
    Box::leak(Box::new(Token { woken: Mutex::new(false), changed: Condvar::new(), main: Cell::new(false) }))
}

thread_local! {
    static TOKEN: Cell<&'static Token> = Cell::new(token());
}

/// Runs a block that waits for itself, on top of one that waits.
pub(crate) fn as_another(body: impl FnOnce()) {
    let below = TOKEN.replace(token());
    body();
    TOKEN.set(below);
}

#[inline(never)]
pub fn current() -> Waiter {
    Waiter(std::ptr::from_ref::<Token>(TOKEN.get()) as usize)
}

impl Waiter {
    fn token(self) -> &'static Token {
        // SAFETY: made from a leaked token.
        unsafe { &*(self.0 as *const Token) }
    }

    pub fn is_main(self) -> bool {
        self.token().main.get()
    }

    /// Makes the calling thread the one that counts as main.
    pub(crate) fn become_main(self) {
        self.token().main.set(true);
    }

    /// # Safety
    /// Once per park.
    pub unsafe fn unpark(self) {
        let token = self.token();
        let mut woken = token.woken.lock().unwrap();
        assert!(!*woken, "unparked twice");
        *woken = true;
        token.changed.notify_one();
    }
}

pub struct Why {
    pub reason: Reason,
    pub site: *const Site,
    pub object: *const Site,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    Recv,
    Next,
    Send,
    Await,
    Select,
    Sleep,
    Join,
}

pub fn park(_why: Why) {
    let token = current().token();
    loop {
        let woken = token.woken.lock().unwrap();
        if *woken || !super::is_sequential() {
            let mut woken = token.changed.wait_while(woken, |woken| !*woken).unwrap();
            *woken = false;
            return;
        }
        drop(woken);
        assert!(super::run_queued(), "nothing can wake the only thread");
    }
}

pub fn yield_now() {
    std::thread::yield_now();
}
