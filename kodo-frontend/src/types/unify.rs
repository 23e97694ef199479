//! Unification of types over inference variables of one body.
//!
//! A variable is a [`TyKind::Infer`] whose index looks up its binding here. `never` does not bind a variable: an
//! expression that does not finish fits every type. A variable that nothing else determines becomes `()` then.

use super::ty::{Ty, TyKind, Types};
use rustc_hash::{FxHashMap, FxHashSet};

const RED_ZONE: usize = 64 * 1024;
const SEGMENT: usize = 1024 * 1024;

#[derive(Default)]
pub struct Unifier {
    bindings: Vec<Option<Ty>>,
    /// Variables that an unfinished expression flowed into.
    never: Vec<u32>,
    /// Types that resolved to one without variables: they always will.
    resolved: FxHashMap<Ty, Ty>,
    /// Types whose variables are all bound, to such types again: they always will be. Without this, every level of a
    /// deep type would be searched again for every level around it.
    closed: FxHashSet<Ty>,
}

impl Unifier {
    pub fn fresh(&mut self, types: &mut Types) -> Ty {
        self.bindings.push(None);
        types.intern(TyKind::Infer(self.bindings.len() as u32 - 1))
    }

    /// The type with its outermost variable followed; parts may still be variables.
    pub fn shallow(&mut self, types: &Types, ty: Ty) -> Ty {
        let mut end = ty;
        while let TyKind::Infer(n) = types.kind(end)
            && let Some(next) = self.bindings[*n as usize]
        {
            end = next;
        }
        // Compress the path.
        let mut at = ty;
        while at != end {
            let TyKind::Infer(n) = types.kind(at) else { break };
            match self.bindings[*n as usize].replace(end) {
                Some(next) => at = next,
                None => break,
            }
        }
        end
    }

    /// The type with every bound variable replaced.
    pub fn resolve(&mut self, types: &mut Types, ty: Ty) -> Ty {
        if types.has_infer(ty) { self.resolve_known(types, ty, &mut FxHashMap::default()) } else { ty }
    }

    fn resolve_known(&mut self, types: &mut Types, ty: Ty, known: &mut FxHashMap<Ty, Ty>) -> Ty {
        let ty = self.shallow(types, ty);
        if !types.has_infer(ty) || matches!(types.kind(ty), TyKind::Infer(_)) {
            return ty;
        }
        if let Some(&done) = self.resolved.get(&ty).or_else(|| known.get(&ty)) {
            return done;
        }
        let kind = types.kind(ty).clone();
        let done = stacker::maybe_grow(RED_ZONE, SEGMENT, || {
            let mut all = |this: &mut Unifier, parts: &[Ty]| -> Vec<Ty> {
                parts.iter().map(|&t| this.resolve_known(types, t, known)).collect()
            };
            match kind {
                TyKind::Tuple(parts) => {
                    let parts = all(self, &parts);
                    types.tuple(&parts)
                }
                TyKind::App(con, parts) => {
                    let parts = all(self, &parts);
                    types.app(con, &parts)
                }
                TyKind::Fn(params, result) => {
                    let params = all(self, &params);
                    let result = all(self, &[result])[0];
                    types.intern(TyKind::Fn(params.into(), result))
                }
                TyKind::Assoc(of, index, on) => {
                    let on = all(self, &[on])[0];
                    types.assoc(of, index, on)
                }
                _ => ty,
            }
        });
        if types.has_infer(done) {
            known.insert(ty, done);
        } else {
            self.resolved.insert(ty, done);
        }
        done
    }

    /// Notes that an expression that does not finish stands where `ty` is expected.
    pub fn never_fits(&mut self, types: &Types, ty: Ty) {
        let ty = self.shallow(types, ty);
        if let TyKind::Infer(n) = types.kind(ty) {
            self.never.push(*n);
        }
    }

    /// Gives `()` to variables that only unfinished expressions flowed into.
    pub fn default_never(&mut self, types: &mut Types) {
        for n in std::mem::take(&mut self.never) {
            let var = types.intern(TyKind::Infer(n));
            let end = self.shallow(types, var);
            if let TyKind::Infer(n) = types.kind(end) {
                self.bindings[*n as usize] = Some(Ty::UNIT);
            }
        }
    }

    /// Makes two types equal, binding variables; false if they cannot be. Poison fits everything.
    pub fn unify(&mut self, types: &mut Types, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.shallow(types, a), self.shallow(types, b));
        if a == b {
            return true;
        }
        let (left, right) = (types.kind(a), types.kind(b));
        match (left, right) {
            (TyKind::Error, _) => {
                self.poison(types, b);
                true
            }
            (_, TyKind::Error) => {
                self.poison(types, a);
                true
            }
            (TyKind::Infer(_), TyKind::Never) | (TyKind::Never, TyKind::Infer(_)) => {
                let var = if b == Ty::NEVER { a } else { b };
                self.never_fits(types, var);
                true
            }
            (TyKind::Infer(n), _) => {
                let n = *n;
                self.bind(types, n, b)
            }
            (_, TyKind::Infer(n)) => {
                let n = *n;
                self.bind(types, n, a)
            }
            (TyKind::Tuple(x), TyKind::Tuple(y)) if x.len() == y.len() => {
                let (x, y) = (x.clone(), y.clone());
                self.unify_all(types, &x, &y)
            }
            (TyKind::App(c, x), TyKind::App(d, y)) if c == d && x.len() == y.len() => {
                let (x, y) = (x.clone(), y.clone());
                self.unify_all(types, &x, &y)
            }
            (TyKind::Fn(x, r), TyKind::Fn(y, s)) if x.len() == y.len() => {
                let (x, y, r, s) = (x.clone(), y.clone(), *r, *s);
                self.unify_all(types, &x, &y) && self.unify(types, r, s)
            }
            _ => false,
        }
    }

    fn unify_all(&mut self, types: &mut Types, x: &[Ty], y: &[Ty]) -> bool {
        stacker::maybe_grow(RED_ZONE, SEGMENT, || x.iter().zip(y).all(|(&x, &y)| self.unify(types, x, y)))
    }

    fn bind(&mut self, types: &mut Types, n: u32, ty: Ty) -> bool {
        if types.has_infer(ty) && self.occurs(types, n, ty) {
            return false;
        }
        self.bindings[n as usize] = Some(ty);
        true
    }

    /// Would the variable contain itself?
    fn occurs(&mut self, types: &mut Types, n: u32, ty: Ty) -> bool {
        self.variables(types, ty).contains(&n)
    }

    /// Every variable in the type becomes poison, so that nothing complains that it is undetermined.
    pub fn poison(&mut self, types: &mut Types, ty: Ty) {
        for n in self.variables(types, ty) {
            self.bindings[n as usize] = Some(Ty::ERROR);
        }
    }

    /// The unbound variables in a type.
    fn variables(&mut self, types: &Types, ty: Ty) -> Vec<u32> {
        let (mut found, mut seen, mut stack) = (Vec::new(), FxHashSet::default(), vec![ty]);
        while let Some(ty) = stack.pop() {
            let ty = self.shallow(types, ty);
            if !types.has_infer(ty) || self.closed.contains(&ty) || !seen.insert(ty) {
                continue;
            }
            match types.kind(ty) {
                TyKind::Infer(n) => found.push(*n),
                TyKind::Tuple(parts) | TyKind::App(_, parts) => stack.extend(parts.iter()),
                TyKind::Fn(params, result) => {
                    stack.extend(params.iter());
                    stack.push(*result);
                }
                TyKind::Assoc(_, _, on) => stack.push(*on),
                _ => {}
            }
        }
        if found.is_empty() {
            self.closed.extend(seen);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ty::TyCon;

    #[test]
    fn variables_take_what_the_other_side_has() {
        let (mut types, mut u) = (Types::default(), Unifier::default());
        let (a, b) = (u.fresh(&mut types), u.fresh(&mut types));
        let list = types.app(TyCon::List, &[a]);
        assert!(u.unify(&mut types, b, list));
        assert!(u.unify(&mut types, a, Ty::INT));
        let resolved = u.resolve(&mut types, b);
        assert_eq!(resolved, types.app(TyCon::List, &[Ty::INT]));
        assert!(!u.unify(&mut types, a, Ty::STRING));
    }

    #[test]
    fn a_type_cannot_contain_itself() {
        let (mut types, mut u) = (Types::default(), Unifier::default());
        let a = u.fresh(&mut types);
        let list = types.app(TyCon::List, &[a]);
        assert!(!u.unify(&mut types, a, list));
    }

    #[test]
    fn poison_spreads_silently() {
        let (mut types, mut u) = (Types::default(), Unifier::default());
        let a = u.fresh(&mut types);
        let list = types.app(TyCon::List, &[a]);
        assert!(u.unify(&mut types, list, Ty::ERROR));
        assert!(u.unify(&mut types, a, Ty::STRING));
    }

    #[test]
    fn never_leaves_a_variable_open() {
        let (mut types, mut u) = (Types::default(), Unifier::default());
        let (a, b) = (u.fresh(&mut types), u.fresh(&mut types));
        assert!(u.unify(&mut types, a, Ty::NEVER) && u.unify(&mut types, b, Ty::NEVER));
        assert!(u.unify(&mut types, a, Ty::INT));
        u.default_never(&mut types);
        assert_eq!((u.resolve(&mut types, a), u.resolve(&mut types, b)), (Ty::INT, Ty::UNIT));
    }
}
