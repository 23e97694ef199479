//! The sizes of stacks: `KODO_STACK_SIZE` (what a green thread starts with) and `KODO_MAX_STACK_SIZE` (where it ends).

/// The smallest size; less is raised to it. The runtime's own frames need some of it.
pub const MIN: usize = 64 << 10;
const DEFAULT_INITIAL: usize = 1 << 20;
const DEFAULT_MAX: usize = 8 << 20;
/// The largest size that can be asked for: still some hundred threads in the address space.
const LIMIT: usize = 64 << 30;

/// Sizes in bytes. `max` includes the guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub initial: usize,
    pub max: usize,
    /// Guards by `mprotect` even where the kernel has guard markers: `KODO_STACK_GUARDS=mprotect`, for tests.
    pub mprotect: bool,
}

/// Reads the configuration from values of the environment (`get` looks a name up).
///
/// # Errors
/// One line that names the variable.
pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
    let size = |name: &str| match get(name) {
        None => Ok(None),
        Some(text) => match parse(&text) {
            Some(bytes) if bytes <= LIMIT => Ok(Some(bytes.max(MIN).next_multiple_of(4096))),
            _ => Err(format!("{name} must be a positive size up to 64G, as in 512K, 1M or 65536, not `{text}`")),
        },
    };
    let (initial, max) = (size("KODO_STACK_SIZE")?, size("KODO_MAX_STACK_SIZE")?);
    if let (Some(initial), Some(max)) = (initial, max)
        && initial > max
    {
        return Err("KODO_STACK_SIZE must not be above KODO_MAX_STACK_SIZE".to_owned());
    }
    let max = max.unwrap_or(DEFAULT_MAX.max(initial.unwrap_or(0)));
    let initial = initial.unwrap_or(DEFAULT_INITIAL).min(max);
    Ok(Config { initial, max, mprotect: get("KODO_STACK_GUARDS").is_some_and(|v| v == "mprotect") })
}

/// A positive number with an optional suffix K, M or G.
fn parse(text: &str) -> Option<usize> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 10),
        b'M' | b'm' => (&text[..text.len() - 1], 20),
        b'G' | b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bytes = digits.parse::<usize>().ok()?.checked_mul(1 << shift)?;
    (bytes > 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(initial: &str, max: &str) -> Result<Config, String> {
        read(|name| {
            let value = match name {
                "KODO_STACK_SIZE" => initial,
                "KODO_MAX_STACK_SIZE" => max,
                _ => "",
            };
            (!value.is_empty()).then(|| value.to_owned())
        })
    }

    #[test]
    fn sizes_have_suffixes() {
        assert_eq!(with("", ""), Ok(Config { initial: 1 << 20, max: 8 << 20, mprotect: false }));
        assert_eq!(with("2M", "1G"), Ok(Config { initial: 2 << 20, max: 1 << 30, mprotect: false }));
        assert_eq!(with("128k", ""), Ok(Config { initial: 128 << 10, max: 8 << 20, mprotect: false }));
        assert_eq!(with("1048576", "").map(|c| c.initial), Ok(1 << 20));
    }

    #[test]
    fn one_size_alone_moves_the_other() {
        assert_eq!(with("16M", "").map(|c| c.max), Ok(16 << 20));
        assert_eq!(with("", "512K").map(|c| c.initial), Ok(512 << 10));
        assert_eq!(with("1", "").map(|c| c.initial), Ok(MIN));
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_variable() {
        for bad in ["0", "0K", "-1", "+1", "M", "1T", "1.5M", "x", " 1M", "99999999999999999999", "65G"] {
            let error = with(bad, "").expect_err(bad);
            assert!(error.contains("KODO_STACK_SIZE") && error.contains(bad), "{error}");
            assert!(with("", bad).expect_err(bad).contains("KODO_MAX_STACK_SIZE"));
        }
        assert!(with("2M", "1M").is_err());
    }
}
