use super::*;
use crate::abi::BufferHeader;
use crate::mem::live_here;

/// A handle that is released at the end, so that every test can check that nothing leaks.
struct Str(Buffer);

impl Str {
    fn new(text: &str) -> Str {
        Str(super::new(text))
    }
    fn get(&self) -> &str {
        // SAFETY: the handle is live as long as this value.
        unsafe { text(self.0) }
    }
    fn count(&self) -> i64 {
        // SAFETY: as above.
        unsafe { (*self.0).count }
    }
    fn another(&self) -> Str {
        // SAFETY: as above.
        Str(unsafe { retained(self.0) })
    }
    fn give(self) -> Buffer {
        let handle = self.0;
        std::mem::forget(self);
        handle
    }
    fn append(self, more: &Str) -> Str {
        // SAFETY: one handle is given away, the other is live.
        Str(unsafe { kodo_string_append(self.give(), more.0) })
    }
}

impl Drop for Str {
    fn drop(&mut self) {
        // SAFETY: gives away this value's handle.
        unsafe { release(self.0) }
    }
}

fn no_leaks(body: impl FnOnce()) {
    let before = live_here();
    body();
    assert_eq!(live_here(), before, "objects leaked");
}

fn parts(list: Buffer) -> Vec<String> {
    // SAFETY: a fresh list of strings, taken apart and freed here.
    unsafe {
        let strings = std::slice::from_raw_parts(buffer::data(list).cast::<Buffer>(), buffer::len(list));
        let texts = strings.iter().map(|&s| Str(s).get().to_string()).collect();
        if buffer::release(list) {
            buffer::dispose(list);
        }
        texts
    }
}

#[test]
fn appending_to_the_only_handle_happens_in_place_and_amortized() {
    no_leaks(|| {
        let mut s = Str::new("a");
        let more = Str::new("bé");
        let mut moves = 0;
        for _ in 0..if cfg!(miri) { 50 } else { 10_000 } {
            let before = s.0;
            let room = unsafe_capacity(&s);
            s = s.append(&more);
            moves += usize::from(room != unsafe_capacity(&s) || before.is_null());
        }
        assert!(moves < 20, "grew {moves} times");
        assert!(s.get().starts_with("abébé") && s.get().ends_with("bébé"));
        assert_eq!(s.count(), 1);
    });
}

fn unsafe_capacity(s: &Str) -> i64 {
    // SAFETY: a live handle.
    unsafe { (*s.0).capacity }
}

#[test]
fn appending_never_changes_what_others_hold() {
    no_leaks(|| {
        for shared in [false, true] {
            let a = Str::new("one");
            let b = a.another();
            if shared {
                // SAFETY: a live handle of this thread.
                unsafe { buffer::mark_shared(a.0) };
            }
            let c = b.append(&Str::new("two"));
            assert_eq!((a.get(), c.get()), ("one", "onetwo"));
            assert_eq!(a.count().abs(), 1);
            let a = a.append(&c);
            assert_eq!((a.get(), c.get()), ("oneonetwo", "onetwo"));
        }
    });
}

#[test]
fn appending_a_string_to_itself_reads_the_old_text() {
    no_leaks(|| {
        let a = Str::new("xyz");
        let b = a.another();
        assert_eq!(b.append(&a).get(), "xyzxyz");
        let s = a.give();
        // SAFETY: one handle, owned and borrowed at once.
        assert_eq!(Str(unsafe { kodo_string_append(s, s) }).get(), "xyzxyz");
    });
}

#[test]
fn appending_to_or_with_the_empty_string_allocates_nothing() {
    no_leaks(|| {
        let a = Str::new("text");
        let live = live_here();
        let b = Str::new("").append(&a);
        assert_eq!(b.0, a.0);
        let b = b.append(&Str::new(""));
        assert_eq!((b.0, b.count()), (a.0, 2));
        assert_eq!(live_here(), live);
    });
}

#[test]
fn literals_are_static_and_copied_when_appended_to() {
    #[repr(C)]
    struct Literal(BufferHeader, [u8; 2]);
    static LITERAL: Literal = Literal(BufferHeader { count: 0, len: 2, capacity: 0 }, *b"ab");
    no_leaks(|| {
        let literal = Str((&raw const LITERAL).cast_mut().cast());
        let s = literal.another().append(&Str::new("c"));
        assert_eq!((literal.get(), s.get(), literal.count()), ("ab", "abc", 0));
    });
}

#[test]
fn numbers_are_appended_and_converted() {
    no_leaks(|| {
        // SAFETY: the handles go along.
        unsafe {
            let s = kodo_string_append_int(super::new("n="), -42);
            let s = kodo_string_append_float(kodo_string_append(s, Str::new(" ").0), 1e20);
            let s = Str(kodo_string_append_bool(s, true));
            assert_eq!(s.get(), "n=-42 100000000000000000000true");
        }
        assert_eq!(Str(kodo_string_from_int(i64::MIN)).get(), "-9223372036854775808");
        assert_eq!(Str(kodo_string_from_float(-0.0)).get(), "-0");
        assert_eq!(Str(kodo_string_from_bool(false)).get(), "false");
    });
}

#[test]
fn comparisons_look_at_the_text() {
    no_leaks(|| {
        let (a, b, e) = (Str::new("ab"), Str::new("aé"), Str::new(""));
        let same = Str::new("ab");
        // SAFETY: all are live.
        unsafe {
            assert!(kodo_string_eq(a.0, same.0) && kodo_string_eq(a.0, a.0) && !kodo_string_eq(a.0, b.0));
            assert_eq!(kodo_string_cmp(a.0, b.0), -1);
            assert_eq!(kodo_string_cmp(b.0, a.0), 1);
            assert_eq!(kodo_string_cmp(a.0, same.0), 0);
            assert_eq!(kodo_string_cmp(e.0, a.0), -1);
            assert!(kodo_string_contains(b.0, e.0) && kodo_string_starts_with(e.0, e.0));
            assert!(kodo_string_ends_with(b.0, Str::new("é").0) && !kodo_string_starts_with(a.0, b.0));
            assert!(kodo_string_contains(e.0, e.0) && !kodo_string_contains(e.0, a.0));
        }
    });
}

#[test]
fn lengths_and_indexes_count_code_points() {
    no_leaks(|| {
        let s = Str::new("aé漢😀");
        // SAFETY: live.
        unsafe {
            assert_eq!((kodo_string_length(s.0), kodo_string_byte_length(s.0)), (4, 10));
            assert_eq!(kodo_string_length(buffer::empty()), 0);
            let points: Vec<i64> = (-1..=4).map(|i| kodo_string_char_at(s.0, i)).collect();
            assert_eq!(points, [-1, 0x61, 0xE9, 0x6F22, 0x1F600, -1]);
            assert_eq!(kodo_string_char_at(s.0, i64::MIN), -1);
            assert_eq!(kodo_string_char_at(s.0, i64::MAX), -1);
        }
    });
}

#[test]
fn substrings_are_clamped() {
    no_leaks(|| {
        let s = Str::new("aé漢😀");
        // SAFETY: live.
        let sub = |from, to| Str(unsafe { kodo_string_substring(s.0, from, to) });
        for (from, to, text) in [
            (0, 4, "aé漢😀"),
            (1, 3, "é漢"),
            (3, 4, "😀"),
            (-5, 2, "aé"),
            (2, 99, "漢😀"),
            (i64::MIN, i64::MAX, "aé漢😀"),
            (2, 2, ""),
            (3, 1, ""),
            (9, 12, ""),
            (0, -1, ""),
            (4, 5, ""),
        ] {
            assert_eq!(sub(from, to).get(), text, "{from}..{to}");
        }
        assert_eq!(sub(0, 4).0, s.0, "all of it is another handle");
    });
}

#[test]
fn trimming_and_case_follow_unicode() {
    no_leaks(|| {
        // SAFETY: the arguments are live.
        unsafe {
            assert_eq!(Str(kodo_string_trim(Str::new("\u{3000} \t a b \u{2003}\r\n").0)).get(), "a b");
            assert_eq!(Str(kodo_string_trim(Str::new(" \n ").0)).get(), "");
            let s = Str::new("ab");
            assert_eq!(Str(kodo_string_trim(s.0)).0, s.0);
            assert_eq!(Str(kodo_string_to_upper(Str::new("straße é ı").0)).get(), "STRASSE É I");
            assert_eq!(Str(kodo_string_to_lower(Str::new("ΑΣ İ").0)).get(), "ας i\u{307}");
            assert_eq!(Str(kodo_string_to_lower(buffer::empty())).get(), "");
        }
    });
}

#[test]
fn repeating() {
    no_leaks(|| {
        let s = Str::new("é-");
        // SAFETY: live.
        let repeat = |n| Str(unsafe { kodo_string_repeat(s.0, n) });
        assert_eq!(repeat(3).get(), "é-é-é-");
        assert_eq!(repeat(1).0, s.0);
        assert_eq!(repeat(0).get(), "");
        assert_eq!(repeat(-7).get(), "");
        assert_eq!(repeat(3).append(&s).get(), "é-é-é-é-");
        // SAFETY: live. The empty string may be repeated without end.
        assert_eq!(Str(unsafe { kodo_string_repeat(buffer::empty(), i64::MAX) }).get(), "");
    });
}

#[test]
fn parsing_integers_gives_zero_for_anything_else() {
    no_leaks(|| {
        for (text, v) in [
            ("42", 42),
            (" -7\n", -7),
            ("+5", 5),
            ("\u{3000}9", 9),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775808", 0),
            ("", 0),
            ("-", 0),
            ("1 2", 0),
            ("0x10", 0),
            ("3.5", 0),
            ("٣", 0),
        ] {
            // SAFETY: live.
            assert_eq!(unsafe { kodo_string_parse_int(Str::new(text).0) }, v, "{text:?}");
        }
    });
}

#[test]
fn splitting_keeps_empty_parts() {
    no_leaks(|| {
        for (text, separator, expected) in [
            ("a,b,,c", ",", &["a", "b", "", "c"][..]),
            ("", ",", &[""]),
            (",", ",", &["", ""]),
            ("abc", "::", &["abc"]),
            ("a::b::", "::", &["a", "b", ""]),
            ("aé😀", "", &["a", "é", "😀"]),
            ("", "", &[]),
        ] {
            // SAFETY: live.
            let list = unsafe { kodo_string_split(Str::new(text).0, Str::new(separator).0) };
            assert_eq!(parts(list), expected, "{text:?} by {separator:?}");
        }
    });
}

#[test]
fn freeing_after_the_last_handle() {
    no_leaks(|| {
        let s = super::new("gone");
        // SAFETY: the only handle.
        unsafe {
            assert!(buffer::release(s));
            kodo_string_free(s);
        }
    });
}

#[test]
fn codes_that_are_no_characters_give_no_text() {
    for (code, expected) in [(65, "A"), (0x14D, "ō"), (0x1F600, "😀"), (-1, ""), (0xD800, ""), (0x11_0000, "")] {
        let s = kodo_string_from_code(code);
        // SAFETY: fresh, and released once.
        unsafe {
            assert_eq!(text(s), expected);
            release(s);
        }
    }
}
