//! Plain list parameters that their function changes become `mut`: the caller sees the change.
//!
//! Bodies note direct changes while they are checked, and every list that is passed to a plain list parameter. Here the
//! set grows until a parameter is in it whenever it is passed to one that is; then the arguments are checked.

use super::context::{ArgumentRoot, Cx};
use crate::diag::Diagnostic;
use crate::hir::{Body, ExprId, ExprKind, FnId, Local, PatKind, Stmt};
use crate::syntax::ast::Mode;
use rustc_hash::FxHashMap;

impl Cx<'_> {
    pub fn settle_changed(&mut self) {
        // Whose parameters are passed to each.
        let mut passed: FxHashMap<(FnId, usize), Vec<(FnId, usize)>> = FxHashMap::default();
        for argument in &self.list_arguments {
            if let ArgumentRoot::Parameter(index) = argument.root {
                passed.entry((argument.callee, argument.index)).or_default().push((argument.caller, index));
            }
        }
        let mut work: Vec<(FnId, usize)> = self.changed.iter().copied().collect();
        while let Some(changed) = work.pop() {
            for caller in passed.remove(&changed).unwrap_or_default() {
                if self.changed.insert(caller) {
                    work.push(caller);
                }
            }
        }
        for &(function, index) in &self.changed {
            let function = &mut self.functions.get_mut()[function.0 as usize];
            function.params[index].mode = Mode::Mut;
            if let Some(body) = &mut function.body {
                let local = body.params[index];
                body.locals[local.0 as usize].mutable = true;
            }
        }
        let temporary = self.unnamed;
        for argument in std::mem::take(&mut self.list_arguments) {
            if !self.changed.contains(&(argument.callee, argument.index)) {
                continue;
            }
            match argument.root {
                ArgumentRoot::Parameter(_) | ArgumentRoot::Place => {}
                ArgumentRoot::Fixed(local) | ArgumentRoot::Unshared(local) => {
                    let caller = &self.functions[argument.caller.0 as usize];
                    let Some(variable) = caller.body.as_ref().map(|b| b.local(local)) else { continue };
                    let (name, declared) = (self.text(variable.name).to_owned(), variable.span);
                    let is_ref = caller.params.iter().any(|p| p.name == variable.name && p.mode == Mode::Ref);
                    let callee = &self.functions[argument.callee.0 as usize];
                    let (callee_name, param) = (callee.display_name.clone(), callee.params[argument.index].span);
                    let code = if is_ref { "E0248" } else { "E0249" };
                    let why = match argument.root {
                        ArgumentRoot::Unshared(_) => format!("the caller would not see the change of `{name}`"),
                        _ => format!("`{name}` cannot be changed"),
                    };
                    let message = format!("`{callee_name}` changes this list, and {why}");
                    let error = Diagnostic::error(code, argument.span, message)
                        .label("would be changed")
                        .secondary(declared, "declared here")
                        .secondary(param, "the function changes this parameter")
                        .help("copy the list into a `let mut` variable first");
                    self.report(error);
                }
                ArgumentRoot::Value => {
                    if let Some(body) = &mut self.functions.get_mut()[argument.caller.0 as usize].body {
                        hoist(body, argument.call, argument.index, temporary);
                    }
                }
            }
        }
    }
}

impl Cx<'_> {
    /// A function value takes its arguments as values.
    pub fn check_function_values(&mut self) {
        for (function, span) in std::mem::take(&mut self.function_values) {
            let signature = self.signature(function);
            let Some(index) = signature.params.iter().position(|p| p.mode == Mode::Mut) else { continue };
            let param = &signature.params[index];
            let (name, parameter) = (signature.display_name.clone(), self.text(param.name));
            let message = format!("`{name}` changes its parameter `{parameter}`, which a function value cannot do");
            let mut error = Diagnostic::error("E0249", span, message).label("used as a value here");
            if self.is_user(function) {
                error = error.secondary(param.span, "the parameter that the caller lends");
            }
            let help = if self.changed.contains(&(function, index)) {
                format!("write `own {parameter}` if callers need not see the change, and give the result back")
            } else {
                "call it in a closure that gives the result back".to_owned()
            };
            self.report(error.help(help));
        }
    }
}

/// Turns `f(a, value, c)` into `{ let x = a; let y = value; f(x, y, c) }`, where `value` has no place of its own.
fn hoist(body: &mut Body, call: ExprId, index: usize, name: crate::names::Name) {
    let (ty, span) = (body.expr(call).ty, body.expr(call).span);
    // An earlier argument of this call may have moved it into a block already.
    let mut call = call;
    while let ExprKind::Block { tail: Some(inner), .. } = body.expr(call).kind {
        call = inner;
    }
    let ExprKind::Call { args, .. } = &body.expr(call).kind else { return };
    let mut args = args.clone();
    let mut stmts = Vec::new();
    for arg in args.iter_mut().take(index + 1) {
        let (ty, span) = (body.expr(*arg).ty, body.expr(*arg).span);
        // Variables are passed as they are: a `mut` argument must stay the caller's.
        if matches!(body.expr(*arg).kind, ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..)) {
            continue;
        }
        let local = body.add_local(Local { name, span, ty, mutable: true });
        let pat = body.add_pat(PatKind::Bind(local, None), ty, span);
        stmts.push(Stmt::Let { pat, value: *arg, span });
        *arg = body.add_expr(ExprKind::Local(local), ty, span);
    }
    let ExprKind::Call { function, type_args, .. } = &body.expr(call).kind else { return };
    let kind = ExprKind::Call { function: *function, type_args: type_args.clone(), args };
    let inner = body.add_expr(kind, ty, span);
    body.exprs[call.0 as usize].kind = ExprKind::Block { stmts, tail: Some(inner) };
}
