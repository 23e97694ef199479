//! Lists: elements of one type in counted buffers (`mem::buffer`), moved as bytes.
//!
//! A list is a value: the operations that change one take the address of the variable that holds its handle, first
//! make that handle the only one, copying the elements if others look at them, and then change in place. What an
//! element needs when it is copied or dropped stands in its `TypeInfo`.
//!
//! An element never gets into a buffer that others share: such a buffer is either copied first or, found with one
//! handle, local again. Elements start 24 bytes into an object, so their alignment is at most 8.

use crate::abi::{self, TypeInfo};
use crate::mem::buffer::{self, Buffer};

/// What the operations need of an element type.
unsafe fn size_of_element(ty: *const TypeInfo) -> usize {
    // SAFETY: the caller passes a static type description.
    unsafe {
        debug_assert!((*ty).align <= 8, "elements are aligned to 8 at most");
        (*ty).size as usize
    }
}

/// Copies `count` elements into uninitialized memory: the bytes, then whatever they hold is counted up.
unsafe fn copy_elements(from: *const u8, to: *mut u8, count: usize, ty: *const TypeInfo) {
    // SAFETY: the caller passes live elements and room for as many.
    unsafe {
        let size = size_of_element(ty);
        to.copy_from_nonoverlapping(from, count * size);
        if let Some(copy) = (*ty).copy {
            for i in 0..count {
                copy(to.add(i * size));
            }
        }
    }
}

/// Drops elements in place.
unsafe fn drop_elements(elements: *mut u8, count: usize, ty: *const TypeInfo) {
    // SAFETY: the caller passes live elements that nobody uses afterwards.
    unsafe {
        if let Some(drop) = (*ty).drop {
            let size = size_of_element(ty);
            for i in 0..count {
                drop(elements.add(i * size));
            }
        }
    }
}

/// Gives a handle away; with the last one the elements and the buffer go.
unsafe fn release(list: Buffer, ty: *const TypeInfo) {
    // SAFETY: the caller owns the handle.
    unsafe {
        if buffer::release(list) {
            kodo_list_free(list, ty);
        }
    }
}

/// Makes the variable's handle the only one of a buffer with room for `least` elements.
unsafe fn own(list: *mut Buffer, least: usize, ty: *const TypeInfo) -> Buffer {
    // SAFETY: the variable belongs to the caller and holds a live list of that type.
    unsafe {
        let old = *list;
        let size = size_of_element(ty);
        *list = if buffer::is_unique(old) {
            buffer::grow(old, least, size)
        } else {
            let len = buffer::len(old);
            // Room to grow only if the copy is made for growing.
            let capacity = if least > len { buffer::grown(0, least, size) } else { len };
            let new = buffer::with_capacity(capacity, size);
            copy_elements(buffer::data(old), buffer::data(new), len, ty);
            (*new).len = len as i64;
            release(old, ty);
            new
        };
        *list
    }
}

/// Drops the elements and frees a list whose last handle is gone.
///
/// # Safety
/// `list` has no handle left, is not static, and holds elements of type `ty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_free(list: Buffer, ty: *const TypeInfo) {
    // SAFETY: by this function's contract.
    unsafe {
        drop_elements(buffer::data(list), buffer::len(list), ty);
        buffer::dispose(list);
    }
}

/// A list of `count` elements that are moved out of `values`.
///
/// # Safety
/// `values` holds that many elements of type `ty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_from(values: *const u8, count: i64, ty: *const TypeInfo) -> Buffer {
    if count <= 0 {
        return buffer::empty();
    }
    // SAFETY: by this function's contract; the buffer has room for all.
    unsafe {
        let (count, size) = (count as usize, size_of_element(ty));
        let list = buffer::with_capacity(count, size);
        buffer::data(list).copy_from_nonoverlapping(values, count * size);
        (*list).len = count as i64;
        list
    }
}

/// Moves the value to the end.
///
/// # Safety
/// `list` is the address of a variable that holds a list of `ty`; `value` is an element to be moved, not in the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_push(list: *mut Buffer, value: *const u8, ty: *const TypeInfo) {
    // SAFETY: by this function's contract.
    unsafe {
        let len = buffer::len(*list);
        let buffer = own(list, len + 1, ty);
        let size = size_of_element(ty);
        buffer::data(buffer).add(len * size).copy_from_nonoverlapping(value, size);
        (*buffer).len = (len + 1) as i64;
    }
}

/// Moves the last element to `out`; false if there is none.
///
/// # Safety
/// `list` is the address of a variable that holds a list of `ty`; `out` has room for an element.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_pop(list: *mut Buffer, out: *mut u8, ty: *const TypeInfo) -> bool {
    // SAFETY: by this function's contract.
    unsafe {
        let Some(last) = buffer::len(*list).checked_sub(1) else { return false };
        let buffer = own(list, 0, ty);
        let size = size_of_element(ty);
        out.copy_from_nonoverlapping(buffer::data(buffer).add(last * size), size);
        (*buffer).len = last as i64;
        true
    }
}

/// Drops one element and closes the gap; false if the index is out of range.
///
/// # Safety
/// `list` is the address of a variable that holds a list of `ty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_remove(list: *mut Buffer, index: i64, ty: *const TypeInfo) -> bool {
    // SAFETY: by this function's contract.
    unsafe {
        let len = buffer::len(*list);
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < len) else { return false };
        let buffer = own(list, 0, ty);
        let size = size_of_element(ty);
        let gap = buffer::data(buffer).add(index * size);
        drop_elements(gap, 1, ty);
        gap.copy_from(gap.add(size), (len - index - 1) * size);
        (*buffer).len = (len - 1) as i64;
        true
    }
}

/// Afterwards elements may be changed in place: the handle is the only one, or the list is empty.
///
/// # Safety
/// `list` is the address of a variable that holds a list of `ty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_make_unique(list: *mut Buffer, ty: *const TypeInfo) {
    // SAFETY: by this function's contract.
    unsafe {
        if buffer::len(*list) > 0 {
            own(list, 0, ty);
        }
    }
}

/// Makes room for `least` elements in all, so that as many are pushed without moving the list.
///
/// # Safety
/// `list` is the address of a variable that holds a list of `ty`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_list_reserve(list: *mut Buffer, least: i64, ty: *const TypeInfo) {
    // SAFETY: by this function's contract.
    unsafe {
        let least = usize::try_from(least).unwrap_or(0);
        if least > buffer::len(*list) {
            own(list, least, ty);
        }
    }
}

abi::check!(
    kodo_list_free,
    kodo_list_from,
    kodo_list_push,
    kodo_list_pop,
    kodo_list_remove,
    kodo_list_make_unique,
    kodo_list_reserve,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::live_here;
    use crate::string;

    fn type_info(size: u64, glue: bool) -> TypeInfo {
        /// Copy and drop of an element that is one string.
        unsafe extern "C" fn copy(value: *mut u8) {
            // SAFETY: called on string elements only.
            unsafe { buffer::retain(value.cast::<Buffer>().read()) }
        }
        unsafe extern "C" fn drop(value: *mut u8) {
            // SAFETY: as above.
            unsafe {
                let s = value.cast::<Buffer>().read();
                if buffer::release(s) {
                    string::kodo_string_free(s);
                }
            }
        }
        TypeInfo {
            size,
            align: size.clamp(1, 8),
            copy: glue.then_some(copy),
            drop: glue.then_some(drop),
            share: None,
            name: "T".as_ptr(),
            name_len: 1,
        }
    }

    /// A variable that holds a list; released at the end.
    struct Var(Buffer, TypeInfo);

    impl Var {
        fn ints(values: &[i64]) -> Var {
            let ty = type_info(8, false);
            // SAFETY: so many elements.
            Var(unsafe { kodo_list_from(values.as_ptr().cast(), values.len() as i64, &ty) }, ty)
        }
        fn strings(values: &[&str]) -> Var {
            let ty = type_info(8, true);
            let values: Vec<Buffer> = values.iter().map(|text| string::new(text)).collect();
            // SAFETY: so many elements, which move.
            Var(unsafe { kodo_list_from(values.as_ptr().cast(), values.len() as i64, &ty) }, ty)
        }
        fn another(&self) -> Var {
            // SAFETY: a live list.
            unsafe { buffer::retain(self.0) };
            Var(self.0, type_info(self.1.size, self.1.copy.is_some()))
        }
        fn push<T>(&mut self, value: T) {
            // SAFETY: tests push elements of the list's type.
            unsafe { kodo_list_push(&mut self.0, (&raw const value).cast(), &self.1) }
            std::mem::forget(value);
        }
        fn pop<T>(&mut self) -> Option<T> {
            let mut out = std::mem::MaybeUninit::<T>::uninit();
            // SAFETY: tests pop elements of the list's type; filled if true.
            unsafe { kodo_list_pop(&mut self.0, out.as_mut_ptr().cast(), &self.1).then(|| out.assume_init()) }
        }
        fn remove(&mut self, index: i64) -> bool {
            // SAFETY: a live list.
            unsafe { kodo_list_remove(&mut self.0, index, &self.1) }
        }
        fn make_unique(&mut self) {
            // SAFETY: a live list.
            unsafe { kodo_list_make_unique(&mut self.0, &self.1) }
        }
        fn elements<T: Copy>(&self) -> Vec<T> {
            // SAFETY: a live list of such elements.
            unsafe { std::slice::from_raw_parts(buffer::data(self.0).cast::<T>(), buffer::len(self.0)).to_vec() }
        }
        fn texts(&self) -> Vec<&str> {
            // SAFETY: the strings live as long as the list.
            self.elements::<Buffer>().into_iter().map(|s| unsafe { string::text(s) }).collect()
        }
        fn count(&self) -> i64 {
            // SAFETY: a live list.
            unsafe { (*self.0).count }
        }
    }

    impl Drop for Var {
        fn drop(&mut self) {
            // SAFETY: gives away the variable's handle.
            unsafe { release(self.0, &self.1) }
        }
    }

    fn no_leaks(body: impl FnOnce()) {
        let before = live_here();
        body();
        assert_eq!(live_here(), before, "objects leaked");
    }

    #[test]
    fn pushing_to_the_empty_list_allocates_and_grows_amortized() {
        no_leaks(|| {
            let mut list = Var::ints(&[]);
            assert_eq!(list.0, buffer::empty());
            let n = if cfg!(miri) { 100 } else { 100_000 };
            let mut growths = 0;
            for i in 0..n {
                // SAFETY: a live list.
                let room = unsafe { (*list.0).capacity };
                list.push(i);
                // SAFETY: a live list.
                growths += i64::from(room != unsafe { (*list.0).capacity });
            }
            assert_eq!(list.elements::<i64>(), (0..n).collect::<Vec<i64>>());
            assert!(growths < 20, "grew {growths} times");
        });
    }

    #[test]
    fn changing_one_handle_never_shows_in_another() {
        no_leaks(|| {
            for shared in [false, true] {
                let mut a = Var::strings(&["one", "two", "three"]);
                if shared {
                    // SAFETY: a live list of this thread.
                    unsafe { buffer::mark_shared(a.0) };
                }
                let mut b = a.another();
                b.push(string::new("four"));
                assert_eq!((a.texts().len(), b.texts().len(), a.count().abs(), b.count()), (3, 4, 1, 1));
                let mut c = a.another();
                assert!(c.remove(0));
                let mut d = a.another();
                d.make_unique();
                assert_ne!(a.0, d.0);
                let s: Buffer = a.pop().unwrap();
                // SAFETY: the popped element is owned here.
                unsafe {
                    assert_eq!(string::text(s), "three");
                    assert!(!buffer::release(s), "others hold it");
                }
                assert_eq!(a.texts(), ["one", "two"]);
                assert_eq!(b.texts(), ["one", "two", "three", "four"]);
                assert_eq!(c.texts(), ["two", "three"]);
                assert_eq!(d.texts(), ["one", "two", "three"]);
            }
        });
    }

    #[test]
    fn the_only_handle_changes_in_place() {
        no_leaks(|| {
            let mut list = Var::ints(&[1, 2, 3, 4]);
            let before = list.0;
            list.make_unique();
            assert_eq!(list.pop::<i64>(), Some(4));
            assert!(list.remove(0));
            list.push(9_i64);
            assert_eq!((list.0, list.elements::<i64>()), (before, vec![2, 3, 9]));
            // SAFETY: a live list of this thread.
            unsafe { buffer::mark_shared(list.0) };
            list.make_unique();
            assert_eq!((list.0, list.count()), (before, 1));
        });
    }

    #[test]
    fn popping_and_removing_report_what_is_not_there() {
        no_leaks(|| {
            let mut list = Var::ints(&[1, 2]);
            for index in [-1, 2, i64::MIN, i64::MAX] {
                assert!(!list.remove(index));
            }
            assert!(list.remove(1) && list.remove(0) && !list.remove(0));
            assert_eq!(list.pop::<i64>(), None);
            let mut empty = Var::ints(&[]);
            empty.make_unique();
            assert_eq!((empty.pop::<i64>(), empty.0), (None, buffer::empty()));
        });
    }

    #[test]
    fn removing_drops_the_element() {
        no_leaks(|| {
            let mut list = Var::strings(&["a", "b"]);
            let live = live_here();
            assert!(list.remove(0));
            assert_eq!((live_here(), list.texts()), (live - 1, vec!["b"]));
        });
    }

    #[test]
    fn elements_of_any_size_move_whole() {
        no_leaks(|| {
            let mut list = Var(buffer::empty(), type_info(24, false));
            list.push([1_i64, 2, 3]);
            list.push([4_i64, 5, 6]);
            let other = list.another();
            assert_eq!(list.pop::<[i64; 3]>(), Some([4, 5, 6]));
            assert_eq!(other.elements::<[i64; 3]>(), [[1, 2, 3], [4, 5, 6]]);
            let mut bytes = Var(buffer::empty(), type_info(1, false));
            for i in 0..100_u8 {
                bytes.push(i);
            }
            assert_eq!(bytes.elements::<u8>(), (0..100).collect::<Vec<u8>>());
            let mut nothing = Var(buffer::empty(), type_info(0, false));
            nothing.push(());
            nothing.push(());
            assert_eq!((nothing.pop::<()>(), nothing.pop::<()>(), nothing.pop::<()>()), (Some(()), Some(()), None));
        });
    }

    #[test]
    fn split_parts_are_a_list_like_any_other() {
        no_leaks(|| {
            let (s, separator) = (string::new("a b"), string::new(" "));
            // SAFETY: live strings; each is released once.
            let mut list = unsafe {
                let list = string::kodo_string_split(s, separator);
                for s in [s, separator] {
                    assert!(buffer::release(s));
                    string::kodo_string_free(s);
                }
                Var(list, type_info(8, true))
            };
            list.push(string::new("c"));
            assert_eq!(list.texts(), ["a", "b", "c"]);
        });
    }
}
