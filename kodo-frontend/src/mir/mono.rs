//! Instances: the functions and spawned blocks that `main` needs, each for concrete types.
//!
//! A work list starts with `main`; copying a body with its types substituted finds the instances it calls and
//! spawns, which are numbered in the order they are found: the same program always gives the same numbers. Nothing
//! recurses on the depth of calls. A spawned block is an instance of its own, of the type arguments of the function
//! around it; a call of an `async` function spawns the function's own body.
//!
//! A generic function that calls itself with ever bigger types would need instances without end. It is
//! reported where the types pass [`MAX_DEPTH`] or [`MAX_SIZE`], or a function's instances [`MAX_INSTANCES`].

use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::{self, FnId};
use crate::mir::{
    self, BinaryOp, Block, Callee, InstanceId, Intrinsic, Passing, Rvalue, SpawnBody, Statement, StatementKind,
    TerminatorKind, debug,
};
use crate::names::Names;
use crate::source::{FileId, Span};
use crate::syntax::ast::Mode;
use crate::types::traits::TraitId;
use crate::types::ty::{AdtId, Ty, TyCon, TyKind, Types};
use rustc_hash::{FxHashMap, FxHashSet};

/// Nesting of a type argument. Written programs stay below ten; each turn of a runaway adds at least one level, so
/// it is found after about this many instances.
pub const MAX_DEPTH: u32 = 100;
/// Parts of a type argument, counted as written out: `(T, T)` again and again doubles it.
pub const MAX_SIZE: u64 = 4_000;
/// Instances of one function. Runaways that grow in two ways at once meet this before the others.
pub const MAX_INSTANCES: u32 = 10_000;

/// Stands for the debug text of the type argument.
const DEBUG: FnId = FnId(u32::MAX);

/// One body to make: a function, or a spawned block in it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    function: FnId,
    spawned: Option<u32>,
    args: Vec<Ty>,
}

/// All instances reachable from `main`. `bodies` are those of `lower`, by `FnId`.
///
/// # Errors
///
/// Instances without end, or no `main`.
pub fn instantiate(
    program: &mut hir::Program,
    names: &Names,
    bodies: &[Option<mir::Body>],
) -> Result<mir::Program, Diagnostics> {
    let Some(main) = program.main else {
        let start = Span::new(FileId(0), 0, 0);
        return Err(one(Diagnostic::error("E0201", start, "there is no `main` function")
            .help("a program starts in `fn main()`; add one")));
    };
    let mut mono = Mono {
        program,
        names,
        ids: FxHashMap::default(),
        keys: Vec::new(),
        count: FxHashMap::default(),
        sizes: FxHashMap::default(),
        taken: FxHashSet::default(),
        map: None,
        walked: FxHashSet::default(),
        own: FxHashMap::default(),
        shown: Vec::new(),
        steps: FxHashMap::default(),
        back_any: None,
    };
    mono.find_map();
    mono.find_steps();
    let span = mono.program.functions[main.0 as usize].span;
    let main = mono.instance(Key { function: main, spawned: None, args: Vec::new() }, span)?;
    let mut instances = Vec::new();
    while let Some(key) = mono.keys.get(instances.len()).cloned() {
        instances.push(mono.copy(&key, bodies)?);
    }
    if let Some(error) = mono.program.types.endless_types() {
        return Err(one(error));
    }
    Ok(mir::Program { instances, main, own: mono.own })
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    let mut list = Diagnostics::default();
    list.push(diagnostic);
    list
}

struct Mono<'a> {
    program: &'a mut hir::Program,
    names: &'a Names,
    ids: FxHashMap<Key, InstanceId>,
    /// By number; those past the finished instances are the work list.
    keys: Vec<Key>,
    /// Instances of each function, without its spawned blocks.
    count: FxHashMap<FnId, u32>,
    /// Depth and size of types seen as arguments.
    sizes: FxHashMap<Ty, (u32, u64)>,
    /// Names given out.
    taken: FxHashSet<String>,
    /// The library's `Map`, and the functions that compare and hash it: the order of its entries does not count.
    map: Option<(AdtId, FnId, FnId)>,
    /// Types already looked through for maps.
    walked: FxHashSet<(Intrinsic, Ty)>,
    own: FxHashMap<(Intrinsic, Ty), InstanceId>,
    /// Types of the library, and the functions that append their debug text.
    shown: Vec<(AdtId, FnId)>,
    /// What gives the next element (or the next from the back) of an iterator with that state; see `stdlib/iterators.ko`.
    steps: FxHashMap<(Intrinsic, AdtId), FnId>,
    /// The same for states that cannot be read from their end.
    back_any: Option<FnId>,
}

impl Mono<'_> {
    /// The number of an instance, a new one if it is met for the first time; `span` is where it is needed.
    fn instance(&mut self, key: Key, span: Span) -> Result<InstanceId, Diagnostics> {
        if let Some(&id) = self.ids.get(&key) {
            return Ok(id);
        }
        if key.spawned.is_none() {
            self.check_growth(&key, span)?;
        }
        let id = InstanceId(self.keys.len() as u32);
        self.keys.push(key.clone());
        self.ids.insert(key, id);
        Ok(id)
    }

    /// What appends the debug text of a value.
    fn debug(&mut self, ty: Ty, span: Span) -> Result<Callee, Diagnostics> {
        if let Some(operation) = debug::operation(ty) {
            return Ok(operation);
        }
        // The library shows its own types.
        if let TyKind::App(TyCon::Adt(id), args) = self.program.types.kind(ty)
            && let Some(&(_, function)) = self.shown.iter().find(|(shown, _)| shown == id)
        {
            let args = args.to_vec();
            return Ok(Callee::Instance(self.instance(Key { function, spawned: None, args }, span)?));
        }
        Ok(Callee::Instance(self.instance(Key { function: DEBUG, spawned: None, args: vec![ty] }, span)?))
    }

    /// The function that appends the debug text of values of a type.
    fn debug_body(&mut self, key: &Key) -> Result<mir::Body, Diagnostics> {
        let name = self.name(key, "debug".to_owned(), "debug");
        let span = Span::new(FileId(0), 0, 0);
        let program = &mut *self.program;
        let mut body =
            debug::body(key.args[0], name, span, &mut program.types, &program.adts, &program.cells, self.names);
        for block in &mut body.blocks {
            self.resolve(key, block, &mut Substitution { args: &[], known: FxHashMap::default() })?;
        }
        Ok(body)
    }

    fn check_growth(&mut self, key: &Key, span: Span) -> Result<(), Diagnostics> {
        let count = self.count.entry(key.function).or_default();
        *count += 1;
        let mut too_much = *count > MAX_INSTANCES;
        for &arg in &key.args {
            let (depth, size) = measure(&self.program.types, &mut self.sizes, arg);
            too_much |= depth > MAX_DEPTH || size > MAX_SIZE;
        }
        if !too_much {
            return Ok(());
        }
        if key.function == DEBUG {
            let message = "the debug text of this needs functions for more and more types, without end";
            return Err(one(Diagnostic::error("E0501", span, message)
                .label("a value of a type that contains ever bigger types")
                .help("show its parts one by one")));
        }
        let function = &self.program.functions[key.function.0 as usize];
        let name = function.display_name.clone();
        let message = format!("`{name}` needs instances for more and more types, without end");
        Err(one(Diagnostic::error("E0501", span, message)
            .label("this call would need one more")
            .secondary(function.span, "declared here")
            .note("a generic function is compiled once for every list of type arguments it is called with")
            .help(format!("call `{name}` with the type parameters it was given, not with types built from them"))))
    }

    fn copy(&mut self, key: &Key, bodies: &[Option<mir::Body>]) -> Result<mir::Body, Diagnostics> {
        if key.function == DEBUG {
            return self.debug_body(key);
        }
        if let Some(&(of, method)) = self.program.types.traits.methods.get(&key.function)
            && key.spawned.is_none()
            && matches!(key.args.first().map(|&ty| self.program.types.kind(ty)), Some(TyKind::Dyn(own)) if *own == of)
        {
            return Ok(self.through_table(key, of, method));
        }
        let function = &self.program.functions[key.function.0 as usize];
        let (span, display_name) = (function.span, function.display_name.clone());
        let Some(mut source) = bodies.get(key.function.0 as usize).and_then(Option::as_ref) else {
            let message = format!("`{display_name}` has no body and is no operation of the language");
            return Err(one(Diagnostic::error("E0502", span, message)));
        };
        if let Some(index) = key.spawned {
            source = &source.spawned[index as usize];
        }
        let mut types = Substitution { args: &key.args, known: FxHashMap::default() };
        let mut locals = source.locals.clone();
        for local in &mut locals {
            local.ty = types.apply(&mut self.program.types, local.ty);
        }
        let mut blocks = source.blocks.clone();
        for block in &mut blocks {
            self.resolve(key, block, &mut types)?;
            operator(block);
        }
        Ok(mir::Body {
            name: self.name(key, display_name, &source.name),
            span: source.span,
            generics: 0,
            params: source.params,
            locals,
            blocks,
            spawned: Vec::new(),
            uses: Vec::new(),
        })
    }

    /// Makes the callees and types of a block concrete.
    fn resolve(&mut self, key: &Key, block: &mut Block, types: &mut Substitution<'_>) -> Result<(), Diagnostics> {
        let span = block.terminator.span;
        match &mut block.terminator.kind {
            TerminatorKind::Call { callee, .. } => match callee {
                Callee::Function(function, args) => {
                    types.apply_all(&mut self.program.types, args);
                    let callee_key = self.implementation(*function, std::mem::take(args));
                    *callee = Callee::Instance(self.instance(callee_key, span)?);
                }
                Callee::Intrinsic(intrinsic, args) => {
                    types.apply_all(&mut self.program.types, args);
                    if *intrinsic == Intrinsic::DebugAppend
                        && let &[ty] = args.as_slice()
                    {
                        *callee = self.debug(ty, span)?;
                    } else if matches!(intrinsic, Intrinsic::Next | Intrinsic::NextBack) {
                        *callee = self.step(*intrinsic, args[0], args[1], span)?;
                    } else if let (Intrinsic::Equal | Intrinsic::Hash, [ty]) = (*intrinsic, &args[..]) {
                        self.find_maps(*intrinsic, *ty, span)?;
                    }
                }
                Callee::Instance(_) | Callee::Value | Callee::Method { .. } => {}
                Callee::Dyn { of, ty, methods } => {
                    *ty = types.apply(&mut self.program.types, *ty);
                    if *self.program.types.kind(*ty) == TyKind::Dyn(*of) {
                        // A type parameter stands for the `dyn` itself.
                        return self.keep_dyn(block);
                    }
                    *methods = self.table(*of, *ty, span)?;
                }
                Callee::Closure(body) => self.resolve_body(key, body, types, span)?,
            },
            TerminatorKind::Spawn { body, result, .. } => {
                *result = types.apply(&mut self.program.types, *result);
                self.resolve_body(key, body, types, span)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The functions `__next_…` and `__back_…` of the library, by the type they take.
    fn find_steps(&mut self) {
        for (at, function) in self.program.functions.iter().enumerate() {
            let id = FnId(at as u32);
            let name = function.display_name.as_str();
            if function.span.file != FileId(0) || !name.starts_with("__") {
                continue;
            }
            let first = |ty: Ty| match self.program.types.kind(ty) {
                TyKind::App(TyCon::Adt(adt), args) => Some((*adt, args.first().copied(), args.get(1).copied())),
                _ => None,
            };
            let Some((adt, _, state)) = function.params.first().and_then(|p| first(p.ty)) else { continue };
            if name == "__back_any" {
                self.back_any = Some(id);
            } else if name.starts_with("__next_") {
                self.steps.insert((Intrinsic::Next, adt), id);
            } else if name.starts_with("__back_")
                && let Some((source, ..)) = state.and_then(first)
            {
                self.steps.insert((Intrinsic::NextBack, source), id);
            }
        }
    }

    /// The function that an iterator with such a state takes its next element from. Its generics are those of the state's
    /// struct, in the same order.
    fn step(&mut self, what: Intrinsic, element: Ty, state: Ty, span: Span) -> Result<Callee, Diagnostics> {
        let found = match self.program.types.kind(state) {
            TyKind::App(TyCon::Adt(id), args) => self.steps.get(&(what, *id)).map(|&f| (f, args.to_vec())),
            _ => None,
        };
        let found = found.or_else(|| match what {
            Intrinsic::NextBack => self.back_any.map(|f| (f, vec![element, state])),
            _ => None,
        });
        let Some((function, args)) = found else {
            let message = "this is no iterator of the library";
            return Err(one(Diagnostic::error("E0502", span, message)));
        };
        Ok(Callee::Instance(self.instance(Key { function, spawned: None, args }, span)?))
    }

    /// The function behind a method declared in a trait, for the type it is called on; other functions are themselves.
    fn implementation(&self, function: FnId, args: Vec<Ty>) -> Key {
        let types = &self.program.types;
        if let Some(&(of, method)) = types.traits.methods.get(&function)
            && let Some((&on, own)) = args.split_first()
            && let Some((found, mut all)) = types.find_impl(of, on)
            && let Some(function) = types.traits.impl_(found).methods[method as usize]
        {
            all.extend(own);
            return Key { function, spawned: None, args: all };
        }
        // A default body, or the call through the table of a `dyn` value.
        Key { function, spawned: None, args }
    }

    /// The methods of the table of a type that becomes a `dyn` value.
    fn table(&mut self, of: TraitId, ty: Ty, span: Span) -> Result<Vec<InstanceId>, Diagnostics> {
        let declared = self.program.types.traits.get(of);
        let methods: Vec<FnId> = declared.table.iter().map(|&m| declared.methods[m as usize]).collect();
        methods
            .into_iter()
            .map(|f| {
                let key = self.implementation(f, vec![ty]);
                self.instance(key, span)
            })
            .collect()
    }

    /// The value is a `dyn` value of the trait already.
    fn keep_dyn(&mut self, block: &mut Block) -> Result<(), Diagnostics> {
        let span = block.terminator.span;
        if let TerminatorKind::Call { args, dest, target: Some(target), .. } = &mut block.terminator.kind
            && let Some(arg) = args.pop()
        {
            let assign = mir::StatementKind::Assign(dest.clone(), mir::Rvalue::Use(arg));
            block.statements.push(mir::Statement { kind: assign, span });
            block.terminator.kind = TerminatorKind::Goto(*target);
        }
        Ok(())
    }

    /// The body of a trait's method on a `dyn` value: one call through its table.
    fn through_table(&mut self, key: &Key, of: TraitId, method: u32) -> mir::Body {
        let function = &self.program.functions[key.function.0 as usize];
        let (span, display_name, result) = (function.span, function.display_name.clone(), function.result);
        let params: Vec<(Ty, Mode)> = function.params.iter().map(|p| (p.ty, p.mode)).collect();
        let types = &mut self.program.types;
        let decl = |ty, passing| mir::LocalDecl { ty, name: None, span, passing };
        let mut locals = vec![decl(types.subst(result, &key.args), Passing::Owned)];
        let (mut passing, mut args) = (Vec::new(), Vec::new());
        for (index, (ty, mode)) in params.into_iter().enumerate() {
            let how = match mode {
                Mode::Default | Mode::Own => Passing::Owned,
                Mode::Ref => Passing::Borrowed,
                Mode::Mut => Passing::ByRef,
            };
            locals.push(decl(types.subst(ty, &key.args), how));
            let place = mir::Place::local(mir::Local(index as u32 + 1));
            // The code behind the table takes what it needs of the value.
            let how = if index == 0 && how == Passing::Owned { Passing::Borrowed } else { how };
            passing.push(how);
            args.push(match how {
                Passing::ByRef => mir::Operand::Mut(place),
                _ => mir::Operand::Copy(place),
            });
        }
        let slot = types.traits.slot(of, method).unwrap_or(0);
        let params = locals.len() as u32 - 1;
        let call = TerminatorKind::Call {
            callee: Callee::Method { slot, passing },
            args,
            dest: mir::Place::local(mir::RESULT),
            target: Some(mir::BlockId(1)),
            unwind: None,
        };
        let block = |kind| Block { statements: Vec::new(), terminator: mir::Terminator { kind, span }, cleanup: false };
        let name = self.name(key, display_name.clone(), &display_name);
        let blocks = vec![block(call), block(TerminatorKind::Return)];
        mir::Body { name, span, generics: 0, params, locals, blocks, spawned: Vec::new(), uses: Vec::new() }
    }

    fn find_map(&mut self) {
        let find = |name: &str| {
            let at = self.program.functions.iter().position(|f| f.display_name == name)?;
            Some((FnId(at as u32), self.program.functions[at].params.first()?.ty))
        };
        if let (Some((equal, ty)), Some((hash, _))) = (find("__map_equal"), find("__map_hash"))
            && let TyKind::App(TyCon::Adt(id), _) = self.program.types.kind(ty)
        {
            self.map = Some((*id, equal, hash));
        }
        for (at, function) in self.program.functions.iter().enumerate() {
            if matches!(function.display_name.as_str(), "__map_debug" | "__set_debug")
                && let [_, value] = &function.params[..]
                && let TyKind::App(TyCon::Adt(id), _) = self.program.types.kind(value.ty)
            {
                self.shown.push((*id, FnId(at as u32)));
            }
        }
    }

    /// Makes the functions that compare or hash the maps inside a type.
    fn find_maps(&mut self, intrinsic: Intrinsic, ty: Ty, span: Span) -> Result<(), Diagnostics> {
        let Some((map, equal, hash)) = self.map else { return Ok(()) };
        let mut todo = vec![ty];
        while let Some(ty) = todo.pop() {
            if !self.walked.insert((intrinsic, ty)) {
                continue;
            }
            match self.program.types.kind(ty).clone() {
                TyKind::App(TyCon::Adt(id), args) if id == map => {
                    let function = if intrinsic == Intrinsic::Equal { equal } else { hash };
                    let id = self.instance(Key { function, spawned: None, args: args.to_vec() }, span)?;
                    self.own.insert((intrinsic, ty), id);
                }
                TyKind::App(TyCon::Adt(id), args) => {
                    let program = &mut *self.program;
                    for field in program.adts[id.0 as usize].variants.iter().flat_map(|v| &v.fields) {
                        todo.push(program.types.subst(field.ty, &args));
                    }
                }
                TyKind::Tuple(items) | TyKind::App(TyCon::List, items) => todo.extend(items.iter()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The body of a spawned block or closure.
    fn resolve_body(
        &mut self,
        key: &Key,
        body: &mut SpawnBody,
        types: &mut Substitution<'_>,
        span: Span,
    ) -> Result<(), Diagnostics> {
        let inner = match body {
            SpawnBody::Local(index) => Key { function: key.function, spawned: Some(*index), args: key.args.clone() },
            SpawnBody::Function(function, args) => {
                types.apply_all(&mut self.program.types, args);
                self.implementation(*function, std::mem::take(args))
            }
            SpawnBody::Instance(_) => return Ok(()),
        };
        *body = SpawnBody::Instance(self.instance(inner, span)?);
        Ok(())
    }

    /// `main`, `max<Int>`, `main.spawn1`, `main.closure2`; a second function of the same name gets a number.
    fn name(&mut self, key: &Key, display_name: String, source: &str) -> String {
        let suffix = source.strip_prefix(&display_name).unwrap_or_default();
        let mut name = display_name.clone();
        if !key.args.is_empty() {
            let args: Vec<String> = (key.args.iter())
                .map(|&arg| self.program.types.display(arg, &self.program.adts, self.names, &[]))
                .collect();
            name.push_str(&format!("<{}>", args.join(", ")));
        }
        name.push_str(suffix);
        let mut unique = name.clone();
        let mut number = 2;
        while !self.taken.insert(unique.clone()) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        unique
    }
}

/// Turns a call of an operation of numbers, whose type is known now, into the operator.
fn operator(block: &mut Block) {
    let TerminatorKind::Call { callee: Callee::Intrinsic(intrinsic, _), args, dest, target: Some(target), .. } =
        &block.terminator.kind
    else {
        return;
    };
    let op = match intrinsic {
        Intrinsic::NumberAdd => BinaryOp::Add,
        Intrinsic::NumberSub => BinaryOp::Sub,
        Intrinsic::NumberMul => BinaryOp::Mul,
        _ => return,
    };
    let value = Rvalue::Binary(op, args[0].clone(), args[1].clone());
    let statement = StatementKind::Assign(dest.clone(), value);
    let target = *target;
    block.statements.push(Statement { kind: statement, span: block.terminator.span });
    block.terminator.kind = TerminatorKind::Goto(target);
}

/// Type arguments of one instance; answers are remembered, for a body names few types many times.
struct Substitution<'a> {
    args: &'a [Ty],
    known: FxHashMap<Ty, Ty>,
}

impl Substitution<'_> {
    fn apply(&mut self, types: &mut Types, ty: Ty) -> Ty {
        if self.args.is_empty() {
            return ty;
        }
        *self.known.entry(ty).or_insert_with(|| types.subst(ty, self.args))
    }

    fn apply_all(&mut self, types: &mut Types, list: &mut [Ty]) {
        for ty in list {
            *ty = self.apply(types, *ty);
        }
    }
}

/// Depth of a type and the number of its parts, written out.
fn measure(types: &Types, known: &mut FxHashMap<Ty, (u32, u64)>, ty: Ty) -> (u32, u64) {
    if let Some(&answer) = known.get(&ty) {
        return answer;
    }
    let parts: Vec<Ty> = match types.kind(ty) {
        TyKind::Tuple(items) | TyKind::App(_, items) => items.to_vec(),
        TyKind::Fn(params, result) => params.iter().copied().chain([*result]).collect(),
        _ => Vec::new(),
    };
    let (mut depth, mut size) = (0, 1u64);
    for part in parts {
        let (part_depth, part_size) = stacker::maybe_grow(64 * 1024, 1024 * 1024, || measure(types, known, part));
        depth = depth.max(part_depth);
        size = size.saturating_add(part_size);
    }
    known.insert(ty, (depth + 1, size));
    (depth + 1, size)
}
