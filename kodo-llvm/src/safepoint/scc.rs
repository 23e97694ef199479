//! Strongly connected components (Tarjan 1972), without recursion: call graphs and functions get big.

/// The component of every node of a graph given by its successors; numbers are dense and otherwise arbitrary.
pub(super) fn components(successors: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let n = successors.len();
    let mut component = vec![NEW; n];
    // Order of discovery, and the earliest open node each one reaches.
    let (mut order, mut low) = (vec![NEW; n], vec![0; n]);
    let (mut open, mut found, mut next) = (Vec::new(), 0, 0);
    let mut walk: Vec<(usize, usize)> = Vec::new();
    for root in 0..n {
        if order[root] != NEW {
            continue;
        }
        walk.push((root, 0));
        while let Some(&mut (x, ref mut edge)) = walk.last_mut() {
            if *edge == 0 {
                order[x] = next;
                low[x] = next;
                next += 1;
                open.push(x);
            }
            if let Some(&s) = successors[x].get(*edge) {
                *edge += 1;
                if order[s] == NEW {
                    walk.push((s, 0));
                } else if component[s] == NEW {
                    low[x] = low[x].min(order[s]);
                }
                continue;
            }
            walk.pop();
            if let Some(&(parent, _)) = walk.last() {
                low[parent] = low[parent].min(low[x]);
            }
            if low[x] == order[x] {
                while let Some(y) = open.pop() {
                    component[y] = found;
                    if y == x {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

/// For every node whether it lies on a cycle.
pub(super) fn on_cycle(successors: &[Vec<usize>]) -> Vec<bool> {
    let component = components(successors);
    let mut size = vec![0; successors.len()];
    for &c in &component {
        size[c] += 1;
    }
    (0..successors.len()).map(|x| size[component[x]] > 1 || successors[x].contains(&x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_the_maximal_cycles() {
        // 0 -> 1 <-> 2, 2 -> 3 -> 4 -> 5 -> 3, 6 alone, 7 calls itself
        let graph = [vec![1], vec![2], vec![1, 3], vec![4], vec![5], vec![3], vec![], vec![7]];
        let c = components(&graph);
        assert_eq!(c[1], c[2]);
        assert!(c[3] == c[4] && c[4] == c[5]);
        assert!(c[0] != c[1] && c[1] != c[3] && c[6] != c[7]);
        assert_eq!(on_cycle(&graph), [false, true, true, true, true, true, false, true]);
    }

    #[test]
    fn a_node_without_edges_and_a_long_chain() {
        assert_eq!(on_cycle(&[vec![]]), [false]);
        let n = 200_000;
        let mut chain: Vec<Vec<usize>> = (1..n).map(|i| vec![i]).collect();
        chain.push(vec![0]);
        assert!(on_cycle(&chain).iter().all(|&on| on));
    }
}
