//! "Did you mean": the known name nearest to an unknown one.

/// The candidate with the least edit distance, if it is near enough to be a slip of the pen: a third of the
/// length, at least one. A difference of case alone always counts.
pub fn nearest<'n>(unknown: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (unknown.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.starts_with("__") || candidate == unknown || candidate.len().abs_diff(unknown.len()) > limit + 4 {
            continue;
        }
        let distance =
            if candidate.eq_ignore_ascii_case(unknown) { 0 } else { strsim::damerau_levenshtein(unknown, candidate) };
        // Equal distances: the alphabetically first, so that the answer does not depend on the order of tables.
        if distance <= limit && best.is_none_or(|b| (distance, candidate) < b) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["println", "print", "length", "__hidden"];
        assert_eq!(nearest("prinln", names), Some("println"));
        assert_eq!(nearest("lenght", names), Some("length"));
        assert_eq!(nearest("PRINT", names), Some("print"));
        assert_eq!(nearest("frobnicate", names), None);
        assert_eq!(nearest("__hiden", names), None);
    }
}
