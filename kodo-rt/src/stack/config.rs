//! The sizes of stacks: `KODO_STACK_SIZE` (what a green thread starts with) and `KODO_MAX_STACK_SIZE` (where it ends), and
//! their number: `KODO_PRIVATE_STACKS` (threads that keep theirs while they wait).

/// The smallest size; less is raised to it. The runtime's own frames need some of it.
pub const MIN: usize = 64 << 10;
const DEFAULT_INITIAL: usize = 1 << 20;
const DEFAULT_MAX: usize = 8 << 20;
/// Enough for most programs to be rid of copying; with page tables some 8 KB each.
const DEFAULT_PRIVATE: usize = 2048;
/// The largest size that can be asked for: still some hundred threads in the address space.
const LIMIT: usize = 64 << 30;

/// Sizes in bytes. `max` includes the guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub initial: usize,
    pub max: usize,
    /// Guards by `mprotect` even where the kernel has guard markers: `KODO_STACK_GUARDS=mprotect`, for tests.
    pub mprotect: bool,
    /// Threads that have a slot of their own; with 0 all threads share slots.
    pub private: usize,
    /// Slots that the other threads share, if not as many as suit the workers: `KODO_SHARED_STACKS`, for tests.
    pub homes: Option<usize>,
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
    let number = |name: &str, least: usize| match get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(n) if n as usize >= least && !text.starts_with('+') => Ok(Some(n as usize)),
            _ => Err(format!("{name} must be an integer, {least} or more, not `{text}`")),
        },
    };
    let guards = get("KODO_STACK_GUARDS");
    if let Some(other) = guards.as_deref().filter(|v| !["madvise", "mprotect"].contains(v)) {
        return Err(format!("KODO_STACK_GUARDS must be madvise or mprotect, not `{other}`"));
    }
    Ok(Config {
        initial,
        max,
        mprotect: guards.is_some_and(|v| v == "mprotect"),
        private: number("KODO_PRIVATE_STACKS", 0)?.unwrap_or(DEFAULT_PRIVATE),
        homes: number("KODO_SHARED_STACKS", 1)?,
    })
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
        let sizes = |initial, max| with(initial, max).map(|c| (c.initial, c.max));
        assert_eq!(sizes("", ""), Ok((1 << 20, 8 << 20)));
        assert_eq!(sizes("2M", "1G"), Ok((2 << 20, 1 << 30)));
        assert_eq!(sizes("128k", ""), Ok((128 << 10, 8 << 20)));
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

    #[test]
    fn the_number_of_private_stacks_may_be_zero() {
        let with =
            |value: Option<&str>| read(|name| value.filter(|_| name == "KODO_PRIVATE_STACKS").map(str::to_owned));
        assert_eq!(with(None).map(|c| c.private), Ok(DEFAULT_PRIVATE));
        assert_eq!(with(Some("0")).map(|c| c.private), Ok(0));
        for bad in ["", "-1", "+1", "many", "1K", "99999999999"] {
            assert!(with(Some(bad)).is_err_and(|e| e.contains("KODO_PRIVATE_STACKS")), "{bad}");
        }
    }
}
