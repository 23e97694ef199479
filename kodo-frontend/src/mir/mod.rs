//! MIR: a control-flow graph of typed places. Ownership lives here and nowhere after it.
//!
//! ```text
//!   lower      HIR → generic MIR. Every use of a variable is a `Copy`; there are no drops.
//!   mono       collects the instances reachable from `main` and substitutes their types.
//!   reuse      values come out of the cells of recursive types, and new cells are built in the old ones.
//!   count      liveness: the last `Copy` of a variable becomes a `Move`, a variable that dies without being
//!              consumed gets a `Drop` where it dies; every call that may panic gets a cleanup block.
//!   unique     lists that a loop changes are made unique once, before it.
//! ```
//!
//! # Ownership rules (checked by `verify`)
//!
//! * A local is *owned* (it holds a value that must be consumed exactly once on every path), *borrowed* (a `ref`
//!   parameter: read only, never consumed) or *by reference* (a `mut` parameter: the place is the caller's).
//! * `Operand::Copy(p)` counts up what it reads; `Operand::Move(p)` takes it and `p` (a whole owned local) is
//!   uninitialized afterwards. `Operand::Borrow(p)` reads without counting, for the duration of the statement.
//! * A dying local may be taken apart instead: in one block, each of its counted parts is moved or dropped once.
//! * Assigning to a whole owned local requires it to be uninitialized (after `count`); assigning through a
//!   projection replaces a live value: `count` puts a `Drop` of the old one before it.
//! * A local initialized by a call is initialized on the edge to the call's target.

pub mod count;
pub mod dataflow;
pub mod debug;
mod lexer;
pub mod lower;
pub mod mono;
pub mod parse;
pub mod reuse;
pub mod text;
pub mod typing;
pub mod unique;
pub mod uses;
pub mod verify;
pub mod visit;

use crate::hir::FnId;
pub use crate::hir::{BinaryOp, UnaryOp};
use crate::names::Name;
use crate::source::Span;
use crate::types::number::Width;
use crate::types::traits::TraitId;
use crate::types::ty::{AdtId, Ty};
use rustc_hash::FxHashMap;

/// Index of a body in [`Program`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct InstanceId(pub u32);
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BlockId(pub u32);
/// `_0` is the result, `_1 … _n` the parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Local(pub u32);

pub const RESULT: Local = Local(0);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passing {
    /// The body owns the value and must consume it.
    Owned,
    /// The caller keeps it; the body only reads.
    Borrowed,
    /// The place is the caller's variable.
    ByRef,
}

#[derive(Clone, Debug)]
pub struct LocalDecl {
    pub ty: Ty,
    pub name: Option<Name>,
    pub span: Span,
    /// Owned for everything but `ref` and `mut` parameters.
    pub passing: Passing,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub local: Local,
    pub projection: Vec<Projection>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Projection {
    /// Field of a struct or tuple; of the variant selected by `Variant` before it for an enum.
    Field(u32),
    /// Treats an enum as this variant; always followed by `Field`.
    Variant(u32),
    /// Element of a list; the index was checked before (and the list made unique before it is assigned through).
    Index(Local),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    Unit,
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(Box<str>),
    /// An integer of another type than Int: extended to 64 bits by its sign.
    Fixed(Width, i64),
    Float32(f32),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    Copy(Place),
    Move(Place),
    Borrow(Place),
    /// The address of a place that the callee changes (`mut` arguments and changing intrinsics).
    Mut(Place),
    Const(Const),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Rvalue {
    Use(Operand),
    /// Scalars (numbers, Bool) only; strings go through intrinsics. Division and remainder of integers are preceded by
    /// their checks (`Terminator::Check`).
    Binary(BinaryOp, Operand, Operand),
    Unary(UnaryOp, Operand),
    /// Struct, enum variant.
    Construct {
        adt: AdtId,
        variant: u32,
        fields: Vec<Operand>,
    },
    Tuple(Vec<Operand>),
    /// The index of an enum's variant, as Int.
    Discriminant(Place),
    /// Length of a list, as Int.
    ListLen(Place),
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StatementKind {
    Assign(Place, Rvalue),
    /// Consumes the value of the place.
    Drop(Place),
}

#[derive(Clone, Debug)]
pub struct Terminator {
    pub kind: TerminatorKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Callee {
    /// Before `mono`. Of a method declared in a trait, the first type argument is the type whose method it is.
    Function(FnId, Vec<Ty>),
    /// After `mono`.
    Instance(InstanceId),
    Intrinsic(Intrinsic, Vec<Ty>),
    /// Calls the function value that is the first argument, which is borrowed; the others are owned.
    Value,
    /// Makes a function value of a body. The arguments are what it captures: owned here, and borrowed by the body,
    /// whose first parameters they are.
    Closure(SpawnBody),
    /// Makes a `dyn` value of a value of type `ty`, the only argument, which is owned. After `mono`: with the methods of
    /// its table, whose first parameter is such a value.
    Dyn {
        of: TraitId,
        ty: Ty,
        methods: Vec<InstanceId>,
    },
    /// Calls a method through the table of the `dyn` value that is the first argument. The list says how each argument is
    /// passed; the value itself is borrowed, or by reference if the method changes it. Made by `mono`.
    Method {
        slot: u32,
        passing: Vec<Passing>,
    },
}

/// A check whose failure panics with a message of its own.
#[derive(Clone, PartialEq, Debug)]
pub enum Check {
    /// `0 <= index < len`.
    Index { index: Operand, len: Operand },
    /// The divisor is not zero, and the division is not `MIN / -1`.
    Division { dividend: Operand, divisor: Operand },
}

#[derive(Clone, PartialEq, Debug)]
pub enum TerminatorKind {
    Goto(BlockId),
    /// On an integer (extended to 64 bits by its sign) or a Bool (0, 1).
    Switch {
        value: Operand,
        targets: Vec<(i64, BlockId)>,
        otherwise: BlockId,
    },
    /// Consumes `_0`.
    Return,
    /// Cannot be reached.
    Unreachable,
    Call {
        callee: Callee,
        args: Vec<Operand>,
        dest: Place,
        target: Option<BlockId>,
        unwind: Option<BlockId>,
    },
    Check {
        check: Check,
        target: BlockId,
        unwind: Option<BlockId>,
    },
    /// Starts a green thread (or an OS thread of the parallel scope) that runs `body` (a spawned body of the same
    /// function before `mono`: [`SpawnBody::Local`]). The captures are moved into its environment: they are the
    /// body's parameters `_1 … _n`. `dest` is a `Future<result>`, or `()` if detached.
    Spawn {
        body: SpawnBody,
        captures: Vec<Operand>,
        kind: SpawnKind,
        /// Result type of the spawned body.
        result: Ty,
        dest: Place,
        target: BlockId,
    },
    /// Waits for one of the arms; continues in the block of the arm that ran.
    Select {
        arms: Vec<SelectArm>,
        otherwise: SelectOtherwise,
        unwind: Option<BlockId>,
    },
    /// End of a cleanup path.
    Resume,
}

#[derive(Clone, PartialEq, Debug)]
pub enum SpawnBody {
    /// Index into [`Body::spawned`] of the function, before `mono`; also of a closure.
    Local(u32),
    /// An `async fn`'s own body, before `mono`.
    Function(FnId, Vec<Ty>),
    /// After `mono`.
    Instance(InstanceId),
}

#[derive(Clone, PartialEq, Debug)]
pub enum SpawnKind {
    /// A future of the result.
    Future,
    /// Nobody awaits it.
    Detached,
    /// In the parallel scope held by this operand (`Int`, opaque); gives a future.
    Parallel(Operand),
}

#[derive(Clone, PartialEq, Debug)]
pub enum SelectArm {
    /// `into` is initialized on the edge to `target`.
    Recv {
        channel: Operand,
        into: Local,
        target: BlockId,
    },
    Send {
        channel: Operand,
        value: Operand,
        target: BlockId,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub enum SelectOtherwise {
    Wait,
    Default(BlockId),
    Timeout(Operand, BlockId),
}

#[derive(Clone, Debug)]
pub struct Block {
    pub statements: Vec<Statement>,
    pub terminator: Terminator,
    /// On an unwinding path.
    pub cleanup: bool,
}

#[derive(Clone, Debug)]
pub struct Body {
    pub name: String,
    pub span: Span,
    pub generics: u32,
    pub params: u32,
    pub locals: Vec<LocalDecl>,
    pub blocks: Vec<Block>,
    /// Of a function, before `mono`: the bodies of all spawned blocks and closures inside it, also of those inside each other.
    pub spawned: Vec<Body>,
    /// For each block, what it does with the program's variables: before `mono`, for the check of moves.
    pub uses: Vec<Vec<uses::Use>>,
}

/// A monomorphic program, ready for the back end.
pub struct Program {
    pub instances: Vec<Body>,
    pub main: InstanceId,
    /// Types that [`Intrinsic::Equal`] and [`Intrinsic::Hash`] do not take apart: the function to call instead.
    pub own: FxHashMap<(Intrinsic, Ty), InstanceId>,
}

/// Operations of the language and its runtime. The name is what `@intrinsic("…")` says in the standard library.
/// Arguments are owned unless the comment says borrowed (`&`) or by reference (`&mut`).
macro_rules! intrinsics {
    ($($variant:ident = $name:literal, $args:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Intrinsic { $($variant),* }
        impl Intrinsic {
            pub const ALL: &'static [Intrinsic] = &[$(Intrinsic::$variant),*];
            pub fn name(self) -> &'static str { match self { $(Intrinsic::$variant => $name),* } }
            /// How each argument is passed: `o` owned, `b` borrowed, `m` by reference.
            pub fn args(self) -> &'static str { match self { $(Intrinsic::$variant => $args),* } }
            pub fn from_name(name: &str) -> Option<Intrinsic> { match name { $($name => Some(Intrinsic::$variant),)* _ => None } }
        }
    };
}
intrinsics! {
    // text output; T is String, Int, Float or Bool (one type argument)
    Print = "print", "b";
    Println = "println", "b";
    Eprint = "eprint", "b";
    Eprintln = "eprintln", "b";
    ReadLine = "read_line", "";               // Option<String>: a line of standard input
    // conversions and strings
    ToString = "to_string", "b";              // <T>: Int, Float, Bool, String
    StringAppend = "string_append", "ob";     // <T>: text form appended to an owned String
    StringAppendQuoted = "string_append_quoted", "ob"; // a String in quotes, appended to an owned one
    StringFormat = "string_format", "obo";    // <T>: appended in a format (`types::format`)
    DebugAppend = "debug_append", "ob";       // <T>: debug text appended; `mono` makes a function of it
    StringEq = "string_eq", "bb";
    StringCmp = "string_cmp", "bb";           // negative, zero, positive
    StringLength = "string_length", "b";
    StringByteLength = "string_byte_length", "b";
    StringContains = "string_contains", "bb";
    StringStartsWith = "string_starts_with", "bb";
    StringEndsWith = "string_ends_with", "bb";
    StringTrim = "string_trim", "b";
    StringToUpper = "string_to_upper", "b";
    StringToLower = "string_to_lower", "b";
    StringSubstring = "string_substring", "boo";
    StringRepeat = "string_repeat", "bo";
    StringParseInt = "string_parse_int", "b";
    StringCharAt = "string_char_at", "bo";
    StringSplit = "string_split", "bb";
    StringFromCode = "string_from_code", "o"; // "" if no Unicode scalar value
    StringChars = "string_chars", "b";        // List<Int>
    StringBytes = "string_bytes", "b";        // List<Uint8>
    StringTryParseInt = "string_try_parse_int", "b"; // Option<Int>
    StringTryParseFloat = "string_try_parse_float", "b"; // Option<Float64>
    CharIsAlpha = "char_is_alpha", "o";
    CharIsWhitespace = "char_is_whitespace", "o";
    IntToFloat = "int_to_float", "o";
    FloatToInt = "float_to_int", "o";         // saturates, NaN is 0
    FloatSqrt = "float_sqrt", "o";
    FloatAbs = "float_abs", "o";
    FloatFloor = "float_floor", "o";
    FloatCeil = "float_ceil", "o";
    FloatRound = "float_round", "o";          // half away from zero
    FloatSin = "float_sin", "o";
    FloatCos = "float_cos", "o";
    FloatLog = "float_log", "o";
    FloatPow = "float_pow", "oo";
    RandInt = "rand_int", "oo";               // between both, inclusive
    // numbers; two type arguments: from, to
    Convert = "convert", "o";                 // panics if the value does not fit; a float to Int saturates
    ConvertWrapping = "convert_wrapping", "o";// keeps the low bits
    ConvertTry = "convert_try", "o";          // Option<to>
    // lists; one type argument, the element
    ListNew = "list_new", "";
    ListFrom = "list_from", "*";              // literal: any number of owned elements
    ListPush = "list_push", "mo";
    ListPop = "list_pop", "m";                // Option<T>
    ListRemove = "list_remove", "mo";         // Bool
    ListLength = "list_length", "b";
    ListMakeUnique = "list_make_unique", "m"; // before assigning through an index
    ListReserve = "list_reserve", "mo";       // room for so many elements in all
    CellTake = "cell_take", "m";              // T: the element of a list of one, which is empty afterwards
    // iterators; the type arguments are the element and the state. Instances call the function for the state.
    Next = "next", "m";                       // Option<T>
    NextBack = "next_back", "m";              // Option<T>
    // of numbers of one type, the type argument; instances have the operator
    NumberAdd = "number_add", "oo";
    NumberSub = "number_sub", "oo";
    NumberMul = "number_mul", "oo";
    // values of any type that has the operation, part by part; one type argument
    Equal = "equal", "bb";                    // Bool
    Compare = "compare", "bb";                // -1, 0, 1; 2 if not a number decides
    Hash = "hash", "b";                       // Int; equal values have equal hashes
    // processes
    Panic = "panic", "b";                     // String; never returns
    Exit = "exit", "o";                       // never returns
    Args = "args", "";                        // List<String>
    // concurrency; one type argument, the element
    ChannelNew = "channel_new", "";
    ChannelBounded = "channel_bounded", "o";
    ChannelSend = "channel_send", "bo";
    ChannelTrySend = "channel_try_send", "bo";
    ChannelRecv = "channel_recv", "b";
    ChannelNext = "channel_next", "b";        // Option<T>
    ChannelTryRecv = "channel_try_recv", "b"; // Option<T>
    ChannelRecvTimeout = "channel_recv_timeout", "bo"; // Option<T>
    ChannelClose = "channel_close", "b";
    ChannelLen = "channel_len", "b";
    Await = "await", "b";
    ParallelBegin = "parallel_begin", "";     // Int (opaque scope)
    ParallelJoin = "parallel_join", "o";
    YieldNow = "yield_now", "";
    Sleep = "sleep", "o";
    ThreadId = "thread_id", "";
    CpuCount = "cpu_count", "";
    TimeNow = "time_now", "";
    TimeNowMs = "time_now_ms", "";
    TimeNowNs = "time_now_ns", "";
}

impl Place {
    pub fn local(local: Local) -> Place {
        Place { local, projection: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intrinsics_are_found_by_the_name_they_print() {
        for &intrinsic in Intrinsic::ALL {
            assert_eq!(Intrinsic::from_name(intrinsic.name()), Some(intrinsic));
            assert!(intrinsic.args() == "*" || intrinsic.args().chars().all(|c| "obm".contains(c)), "{intrinsic:?}");
        }
        assert_eq!(Intrinsic::from_name("no_such_operation"), None);
    }
}
