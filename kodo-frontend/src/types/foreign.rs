//! Words that other languages use for what Kōdo has under another name: better help than the nearest name.

/// For a word that names no variable: what to write in its place.
pub fn value(word: &str) -> Option<&'static str> {
    Some(match word {
        "null" | "nil" | "NULL" | "nullptr" | "undefined" => "a value that may be missing is an `Option`: write `None`",
        "True" => "write `true`",
        "False" => "write `false`",
        "this" => "write `self`, in a method that declares it as its first parameter",
        "not" => "write `!` before the condition",
        "new" => "values are made without `new`: `Name { field: value }`",
        "go" => "write `spawn { … }`",
        "throw" | "raise" => "return `Err(…)` from a function that returns a `Result`, or call `panic(…)`",
        "try" | "catch" | "except" | "finally" => "errors are values: return a `Result`, and use `match` or `?` on it",
        "defer" => "write the call at the end of the block",
        "switch" | "case" => "write `match value { pattern => … }`",
        "elif" | "elsif" | "elseif" => "write `else if`",
        "foreach" => "write `for x in list { … }`",
        "loop" | "do" | "repeat" | "until" => "write `while true { … }`, and leave it with `break`",
        "lambda" => "write a function and call it by name",
        "use" | "using" | "include" | "require" => "write `import name`",
        "package" | "namespace" => "leave it out, or write `module name { … }` around the file",
        "public" | "private" | "protected" | "export" | "static" | "extern" | "final" | "unsafe" | "virtual" => {
            "leave it out, or write `pub`"
        }
        "class" | "record" | "data" => "write `struct Name { … }`",
        "interface" => "write `trait Name { … }`",
        "as" => "convert with a method: `.to_float64()`, `.to_int()`, `.to_string()`",
        "fmt" | "console" | "std" | "System" | "io" => "print with `println(…)`",
        "int" | "long" | "float" | "double" | "bool" | "char" | "string" | "void" | "auto" | "uint" => {
            "declare a variable with `let name = value`; the type, if needed, stands behind: `let name: Type = value`"
        }
        "Mutex" | "mutex" | "lock" | "sync" => "threads share no variables: send values over a `Channel`",
        "time" => "`sleep(ms)` waits, `time_now_ms()` tells the time",
        "thread" | "threading" | "tokio" | "asyncio" => "start a thread with `spawn { … }`",
        _ => return None,
    })
}

/// For a word that names no function.
pub fn function(word: &str) -> Option<&'static str> {
    Some(match word {
        "printf" | "sprintf" | "format" | "Printf" | "echo" | "puts" | "log" => {
            "write `println(f\"{value}\")`: an f-string puts values into text"
        }
        "range" | "xrange" => "write `a..b`: `for i in 0..n { … }`",
        "len" | "length" | "size" | "count" => "it is a method: `value.length()`",
        "str" | "String" | "string" | "repr" => "it is a method: `value.to_string()`",
        "int" | "Int" => "convert with `.to_int()`, or read text with `.parse_int()`",
        "float" | "double" | "Float64" => "convert with `.to_float64()`",
        "make" | "chan" | "channel" | "Channel" | "make_channel" | "new_channel" => {
            "make a channel with `let ch: Channel<Int> = channel_new()`"
        }
        "List" | "Vec" | "list" | "vec" | "Array" => "write the elements: `[1, 2, 3]`",
        "input" | "readline" | "read_line" | "scanf" | "gets" => "arguments of the program are in `args()`",
        "timeout" | "after" => "`timeout(ms) => { … }` is an arm of `select`",
        "append" => "it is a method: `list.push(value)`",
        "error" | "abort" => "call `panic(…)`, or return `Err(…)`",
        _ => return value(word),
    })
}

/// For a word that names no type.
pub fn ty(word: &str) -> Option<&'static str> {
    Some(match word {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" | "int" | "int32"
        | "int64" | "uint" | "long" | "short" | "integer" | "Integer" | "Long" | "Number" | "number" | "size_t" => {
            "write `Int`"
        }
        "f32" | "f64" | "float" | "double" | "float64" | "float32" | "Float" | "Double" => "write `Float64`",
        "bool" | "boolean" | "Boolean" => "write `Bool`",
        "str" | "string" | "Str" | "char" | "Char" | "rune" | "Text" => "write `String`",
        "Vec" | "Array" | "list" | "vec" | "array" | "Slice" | "ArrayList" | "Seq" => "write `List<…>`",
        "chan" | "Chan" | "channel" | "Sender" | "Receiver" => "write `Channel<…>`",
        "Promise" | "Task" | "JoinHandle" | "future" | "Thread" => "write `Future<…>`",
        "void" | "Void" | "unit" | "None" | "Nothing" | "null" => "write `()`, or leave the result type out",
        "Maybe" | "Optional" | "option" | "Nullable" => "write `Option<…>`",
        "HashMap" | "dict" | "map" | "Dict" | "HashSet" | "set" => "use a `List` of tuples or structs",
        "Mutex" | "Arc" | "Rc" | "RwLock" | "Atomic" => "threads share no variables: send values over a `Channel`",
        "Box" | "Ref" => "leave it out: values are copied, there are no references",
        "any" | "Any" | "object" | "Object" | "interface" | "auto" => {
            "write the type itself, or make the function generic"
        }
        _ => return None,
    })
}

/// For a word that names no method.
pub fn method(word: &str) -> Option<&'static str> {
    Some(match word {
        "size" | "count" | "len" | "Len" | "Length" => "write `.length()`",
        "append" | "add" | "push_back" | "Add" => "write `.push(value)`",
        "receive" | "read" | "take" | "Receive" | "poll" => "receive with `.recv()`",
        "put" | "write" | "Send" | "offer" => "send with `.send(value)`",
        "iter" | "into_iter" | "iterator" | "values" | "keys" => "loop over it: `for x in … { … }`",
        "wait" | "result" | "get" => "wait for a future with `.await`",
        "upper" | "toUpperCase" | "to_uppercase" | "ToUpper" => "write `.to_upper()`",
        "lower" | "toLowerCase" | "to_lowercase" | "ToLower" => "write `.to_lower()`",
        "strip" => "write `.trim()`",
        "toString" | "str" | "String" => "write `.to_string()`",
        "parse" | "to_int" | "toInt" | "parseInt" => "read a number with `.parse_int()`",
        "to_f64" | "to_float" | "toFloat" => "write `.to_float64()`",
        "copy" | "to_owned" => "write `.clone()`",
        "borrow" => "leave it out: `ref` and `mut` parameters borrow by themselves",
        "map" | "filter" | "reduce" | "forEach" | "for_each" | "fold" => "write a loop: `for x in … { … }`",
        "unwrap_or_else" | "getOrElse" | "or_default" => "write `value ?? other`",
        "remove_at" | "delete" => "write `.remove(index)`",
        "indexOf" | "find" => "write `.index_of(…)`",
        "startsWith" | "startswith" => "write `.starts_with(…)`",
        "endsWith" | "endswith" => "write `.ends_with(…)`",
        "includes" | "has" => "write `.contains(…)`",
        _ => return None,
    })
}
