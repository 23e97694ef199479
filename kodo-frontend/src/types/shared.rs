//! Knowledge that threads share: filled while declarations are collected, only read while bodies are checked.

use std::ops::Deref;
use std::sync::Arc;

#[derive(Default)]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    pub fn new(value: T) -> Shared<T> {
        Shared(Arc::new(value))
    }

    /// To add to it.
    ///
    /// # Panics
    ///
    /// While somebody shares it.
    pub fn get_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.0).expect("declarations do not change while bodies are checked")
    }

    /// # Panics
    ///
    /// While somebody shares it.
    pub fn into_inner(self) -> T {
        Arc::into_inner(self.0).expect("the threads that checked bodies have ended")
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
