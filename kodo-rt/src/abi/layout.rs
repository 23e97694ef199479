// Layouts that compiled code and the runtime share, in the terms both sides need: offsets, constants and
// `repr(C)` structs. `include!`d by both crates, so it names nothing but `core`.

/// Version of this ABI; `kodo_rt_main` refuses a program built against another one.
pub const ABI_VERSION: u64 = 2;

/// A counted buffer (`String`, `List<T>`): a header of three words, then the bytes or elements.
/// A handle is a pointer to the header. The empty buffer is the static `kodo_empty_buffer`, never null.
///
/// `count` tells who may touch it:
/// * `> 0`: owned by one thread; that many handles; changed with plain loads and stores.
/// * `= 0`: static, never freed, never counted (literals, the empty buffer).
/// * `< 0`: shared between threads; `-count` handles; changed atomically. The uniqueness test of a
///   shared buffer (`count == -1`) is an Acquire load, and a buffer found unique may be made local
///   again by storing `1`.
#[repr(C)]
pub struct BufferHeader {
    pub count: i64,
    /// Bytes of a string, elements of a list.
    pub len: i64,
    /// Room for that many; 0 for static buffers.
    pub capacity: i64,
}
pub const BUFFER_DATA_OFFSET: usize = 24;

/// A function value: its count means what that of a buffer means; what the closure captured follows the header. A
/// function that captures nothing is static.
#[repr(C)]
pub struct ClosureHeader {
    pub count: i64,
    /// Takes the object first, then the arguments, as compiled code passes them.
    pub code: *const u8,
    /// The type of what was captured, as a tuple. Null in static objects.
    pub captures: *const TypeInfo,
}
pub const CLOSURE_CODE_OFFSET: usize = 8;
pub const CLOSURE_TYPE_OFFSET: usize = 16;
pub const CLOSURE_CAPTURES_OFFSET: usize = 24;

/// What the runtime must know of a type to move, copy, drop and share its values. One static per type.
#[repr(C)]
pub struct TypeInfo {
    pub size: u64,
    pub align: u64,
    /// Counts up everything the value at the address holds (the bytes were copied already). Null: nothing to do.
    pub copy: Option<unsafe extern "C" fn(value: *mut u8)>,
    /// Counts down everything the value at the address holds. Null: nothing to do.
    pub drop: Option<unsafe extern "C" fn(value: *mut u8)>,
    /// Prepares the value for another thread: with `all = 0` it descends through unique buffers and marks every
    /// buffer with more than one handle, and all below it, as shared; with `all = 1` it marks everything.
    /// Null: nothing to do.
    pub share: Option<unsafe extern "C" fn(value: *mut u8, all: i64)>,
    pub name: *const u8,
    pub name_len: u64,
}

/// A place in the source, for messages. One static per call that needs it.
#[repr(C)]
pub struct Site {
    pub file: *const u8,
    pub file_len: u64,
    /// The enclosing function's name as the user wrote it.
    pub function: *const u8,
    pub function_len: u64,
    pub line: u32,
    pub column: u32,
}

/// One arm of a `select`.
#[repr(C)]
pub struct SelectArm {
    /// Borrowed channel handle.
    pub channel: *mut u8,
    /// Receive: where the value goes. Send: the value; it is moved out if the arm wins and dropped by the
    /// runtime if it loses.
    pub value: *mut u8,
    /// `SELECT_RECV` or `SELECT_SEND`.
    pub kind: u32,
    /// Belongs to the runtime: the order in which it looks at the arms.
    pub order: u32,
}
pub const SELECT_RECV: u32 = 0;
pub const SELECT_SEND: u32 = 1;
pub const SELECT_WAIT: i64 = 0;
pub const SELECT_DEFAULT: i64 = 1;
pub const SELECT_TIMEOUT: i64 = 2;
pub const SELECT_CHOSE_DEFAULT: i64 = -1;
pub const SELECT_CHOSE_TIMEOUT: i64 = -2;

/// What a program tells the runtime at start.
#[repr(C)]
pub struct Program {
    pub abi_version: u64,
    /// Runs the user's `main` and stores its `Int` result (0 for a `main` without one).
    pub main: unsafe extern "C" fn(env: *mut u8, out: *mut u8),
    /// Default number of workers from `--threads`; 0 = one per available core.
    pub threads: u64,
    /// Bit set of `PROGRAM_*`.
    pub flags: u64,
    /// Metadata as JSON for `--describe`; null if the program has none.
    pub describe: *const u8,
    pub describe_len: u64,
    /// Its functions; the last entry, without a name, marks the end of the code.
    pub functions: *const FunctionInfo,
    pub functions_len: u64,
}

/// Where a function's code begins, and what it is called: for reports that show frames.
#[repr(C)]
pub struct FunctionInfo {
    pub code: *const u8,
    /// As the user wrote it.
    pub name: *const u8,
    pub name_len: u64,
    pub file: *const u8,
    pub file_len: u64,
    /// Of the declaration; 0: what the compiler made by itself.
    pub line: u64,
}

pub const PROGRAM_NO_GREEN_THREADS: u64 = 1;
