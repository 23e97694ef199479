//! Codes of diagnostics that the language's own list leaves without one.
//!
//! | Code | Situation |
//! |---|---|
//! | E0190 | a construct of the language that the compiler does not translate yet |
//! | E0236 | a method or associated type that two traits have, and nothing says which is meant |
//! | E0237 | two impls of one trait for one type, or a second type of the same name in an impl |
//! | E0238 | `dyn` of a trait whose methods cannot be called without knowing the type |
//! | E0271 | two declarations of one name: functions, types, fields, variants, methods, parameters |
//! | E0272 | a program without `main` |
//! | E0273 | `main` with parameters, type parameters, or a result that is neither `()` nor `Int` |
//! | E0274 | a type that nothing determines: an annotation is needed |
//! | E0275 | a pattern binds one name twice, or its alternatives bind different names |
//! | E0276 | text beside a `module`, or top-level statements beside a `fn main` |
//! | E0277 | a type alias that leads back to itself |
//! | E0278 | a function without a body outside the standard library |
//! | E0279 | a type that contains itself without an end |
//! | E0290 | a format of an f-string hole that is none, or that the value's type does not have |
//! | W0001 | a variable that is never used |
//! | W0002 | a match arm that earlier arms make unreachable |
//! | W0003 | statements that are never reached |
//! | W0004 | a value that is not used: a `Result`, or one that was made for nothing |
//! | W0005 | a spawned block that changes only its own copy of a variable |

pub const UNSUPPORTED: &str = "E0190";
pub const AMBIGUOUS: &str = "E0236";
pub const OVERLAP: &str = "E0237";
pub const NOT_DYN: &str = "E0238";
pub const DUPLICATE: &str = "E0271";
pub const NO_MAIN: &str = "E0272";
pub const BAD_MAIN: &str = "E0273";
pub const UNDETERMINED: &str = "E0274";
pub const BINDINGS: &str = "E0275";
pub const STRAY: &str = "E0276";
pub const ALIAS_CYCLE: &str = "E0277";
pub const NO_BODY: &str = "E0278";
pub const ENDLESS: &str = "E0279";
pub const FORMAT: &str = "E0290";
pub const UNUSED: &str = "W0001";
pub const UNREACHABLE: &str = "W0002";
pub const DEAD: &str = "W0003";
pub const DROPPED: &str = "W0004";
pub const OWN_COPY: &str = "W0005";
