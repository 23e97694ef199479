//! A direct interpreter of typed trees, as plain as the language reference: what lowered programs are compared with.

use super::run::{Value, binary, text, unary};
use crate::hir::*;
use crate::mir::Intrinsic;
use crate::syntax::ast::Mode;

pub(crate) enum Stop {
    Break,
    Continue,
    Return(Value),
}

type Eval<T> = Result<T, Stop>;

enum Step {
    Field(usize),
    Index(usize),
}

pub(crate) struct Reference<'a> {
    program: &'a Program,
    body: &'a Body,
    locals: Vec<Value>,
    pub(crate) output: Vec<String>,
}

/// What a call of a function prints and returns; changed arguments are copied back.
pub(crate) fn call(program: &Program, id: FnId, args: &mut [Value], output: Vec<String>) -> (Value, Vec<String>) {
    let body = program.functions[id.0 as usize].body.as_ref().expect("a body");
    let mut run = Reference { program, body, locals: vec![Value::Unset; body.locals.len()], output };
    for (&param, arg) in body.params.iter().zip(args.iter()) {
        run.locals[param.0 as usize] = arg.clone();
    }
    let value = match run.eval(body.root.expect("a root")) {
        Ok(value) | Err(Stop::Return(value)) => value,
        Err(_) => panic!("left a loop that is not there"),
    };
    for (&param, arg) in body.params.iter().zip(args) {
        *arg = run.locals[param.0 as usize].clone();
    }
    (value, run.output)
}

impl Reference<'_> {
    fn eval(&mut self, id: ExprId) -> Eval<Value> {
        let body = self.body;
        Ok(match &body.expr(id).kind {
            ExprKind::Unit => Value::Unit,
            ExprKind::Lit(lit) => literal(lit),
            ExprKind::Local(local) => self.locals[local.0 as usize].clone(),
            ExprKind::Call { function, args, .. } => self.call(*function, args)?,
            ExprKind::Construct { variant, fields, .. } => {
                let mut values = vec![Value::Unset; fields.len()];
                for &(index, value) in fields {
                    values[index as usize] = self.eval(value)?;
                }
                Value::Data(i64::from(*variant), values)
            }
            ExprKind::List(items) => {
                let mut values = Vec::new();
                for &item in items {
                    values.push(self.eval(item)?);
                }
                Value::List(values)
            }
            ExprKind::Field(base, index) => match self.eval(*base)? {
                Value::Data(_, mut fields) => fields.swap_remove(*index as usize),
                other => panic!("field of {other:?}"),
            },
            ExprKind::Index(base, index) => match (self.eval(*base)?, self.eval(*index)?) {
                (Value::List(mut items), Value::Int(index)) => items.swap_remove(index as usize),
                other => panic!("index of {other:?}"),
            },
            ExprKind::Binary(op, a, b) => {
                let a = self.eval(*a)?;
                binary(*op, a, self.eval(*b)?)
            }
            ExprKind::Unary(op, a) => unary(*op, self.eval(*a)?),
            ExprKind::And(a, b) => Value::Bool(self.holds(*a)? && self.holds(*b)?),
            ExprKind::Or(a, b) => Value::Bool(self.holds(*a)? || self.holds(*b)?),
            ExprKind::If { cond, then, otherwise } => match (self.holds(*cond)?, otherwise) {
                (true, _) => self.eval(*then)?,
                (false, Some(otherwise)) => self.eval(*otherwise)?,
                (false, None) => Value::Unit,
            },
            ExprKind::Let { pat, value } => {
                let value = self.eval(*value)?;
                Value::Bool(self.matches(*pat, &value))
            }
            ExprKind::Match { value, arms } => {
                let value = self.eval(*value)?;
                for arm in arms {
                    if self.matches(arm.pat, &value) && arm.guard.map_or(Ok(true), |guard| self.holds(guard))? {
                        return self.eval(arm.body);
                    }
                }
                panic!("no arm matches")
            }
            ExprKind::Block { stmts, tail } => {
                for stmt in stmts {
                    match stmt {
                        Stmt::Expr(value) => {
                            self.eval(*value)?;
                        }
                        Stmt::Let { pat, value, .. } => {
                            let value = self.eval(*value)?;
                            assert!(self.matches(*pat, &value));
                        }
                    }
                }
                tail.map_or(Ok(Value::Unit), |tail| self.eval(tail))?
            }
            ExprKind::ForRange { var, from, to, inclusive, body } => {
                let (Value::Int(from), Value::Int(to)) = (self.eval(*from)?, self.eval(*to)?) else { panic!("bounds") };
                for value in from..to + i64::from(*inclusive) {
                    self.locals[var.0 as usize] = Value::Int(value);
                    if !self.turn(*body)? {
                        break;
                    }
                }
                Value::Unit
            }
            ExprKind::ForEach { pat, iter, body } => {
                let Value::List(items) = self.eval(*iter)? else { panic!("a list") };
                for item in items {
                    assert!(self.matches(*pat, &item));
                    if !self.turn(*body)? {
                        break;
                    }
                }
                Value::Unit
            }
            ExprKind::Break => return Err(Stop::Break),
            ExprKind::Continue => return Err(Stop::Continue),
            ExprKind::Return(value) => {
                let value = value.map_or(Ok(Value::Unit), |value| self.eval(value))?;
                return Err(Stop::Return(value));
            }
            ExprKind::Assign { target, value } => {
                let (local, steps) = self.target(*target)?;
                let value = self.eval(*value)?;
                *self.place(local, &steps) = value;
                Value::Unit
            }
            ExprKind::AssignOp { op, target, value } => {
                let (local, steps) = self.target(*target)?;
                let old = self.place(local, &steps).clone();
                let value = self.eval(*value)?;
                *self.place(local, &steps) = binary(*op, old, value);
                Value::Unit
            }
            ExprKind::FString(parts) => {
                let mut string = String::new();
                for part in parts {
                    match part {
                        FPart::Text(text) => string.push_str(text),
                        FPart::Hole(hole) | FPart::Formatted(hole, _) => string.push_str(&text(&self.eval(*hole)?)),
                    }
                }
                Value::Str(string)
            }
            _ => panic!("not in the reference"),
        })
    }

    fn holds(&mut self, id: ExprId) -> Eval<bool> {
        match self.eval(id)? {
            Value::Bool(value) => Ok(value),
            other => panic!("condition {other:?}"),
        }
    }

    /// One turn of a loop: does it go on?
    fn turn(&mut self, body: ExprId) -> Eval<bool> {
        match self.eval(body) {
            Ok(_) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn target(&mut self, id: ExprId) -> Eval<(LocalId, Vec<Step>)> {
        Ok(match self.body.expr(id).kind {
            ExprKind::Local(local) => (local, Vec::new()),
            ExprKind::Field(base, index) => {
                let (local, mut steps) = self.target(base)?;
                steps.push(Step::Field(index as usize));
                (local, steps)
            }
            ExprKind::Index(base, index) => {
                let (local, mut steps) = self.target(base)?;
                let Value::Int(index) = self.eval(index)? else { panic!("an index") };
                steps.push(Step::Index(index as usize));
                (local, steps)
            }
            _ => panic!("no place"),
        })
    }

    fn place(&mut self, local: LocalId, steps: &[Step]) -> &mut Value {
        let mut at = &mut self.locals[local.0 as usize];
        for step in steps {
            at = match (step, at) {
                (Step::Field(index), Value::Data(_, fields)) => &mut fields[*index],
                (Step::Index(index), Value::List(items)) => &mut items[*index],
                _ => panic!("no such place"),
            };
        }
        at
    }

    fn call(&mut self, id: FnId, args: &[ExprId]) -> Eval<Value> {
        let function = &self.program.functions[id.0 as usize];
        let by_ref = |index: usize| match function.intrinsic {
            Some(op) => op.args().as_bytes().get(index) == Some(&b'm'),
            None => function.params[index].mode == Mode::Mut,
        };
        let mut values = Vec::new();
        let mut targets = Vec::new();
        for (index, &arg) in args.iter().enumerate() {
            if by_ref(index) {
                targets.push((index, self.target(arg)?));
                values.push(Value::Unset);
            } else {
                values.push(self.eval(arg)?);
            }
        }
        for (index, (local, steps)) in &targets {
            values[*index] = self.place(*local, steps).clone();
        }
        let result = match (function.intrinsic, &mut values[..]) {
            (Some(Intrinsic::Println), [value]) => {
                self.output.push(text(value));
                Value::Unit
            }
            (Some(Intrinsic::ListPush), [Value::List(items), value]) => {
                items.push(value.clone());
                Value::Unit
            }
            (Some(Intrinsic::ListLength), [Value::List(items)]) => Value::Int(items.len() as i64),
            (Some(op), values) => panic!("{op:?} of {values:?}"),
            (None, values) => {
                let (result, output) = call(self.program, id, values, std::mem::take(&mut self.output));
                self.output = output;
                result
            }
        };
        for (index, (local, steps)) in &targets {
            *self.place(*local, steps) = values[*index].clone();
        }
        Ok(result)
    }

    fn matches(&mut self, pat: PatId, value: &Value) -> bool {
        let body = self.body;
        match (&body.pat(pat).kind, value) {
            (PatKind::Wild, _) => true,
            (PatKind::Bind(local, sub), _) => {
                let matched = sub.is_none_or(|sub| self.matches(sub, value));
                if matched {
                    self.locals[local.0 as usize] = value.clone();
                }
                matched
            }
            (PatKind::Lit(lit), value) => {
                matches!(binary(BinaryOp::Eq, literal(lit), value.clone()), Value::Bool(true))
            }
            (PatKind::Range(from, to), Value::Int(value)) => (from..=to).contains(&value),
            (PatKind::Variant { variant, fields, .. }, Value::Data(is, values)) => {
                i64::from(*variant) == *is && fields.iter().zip(values).all(|(&pat, value)| self.matches(pat, value))
            }
            (PatKind::Or(alternatives), value) => alternatives.iter().any(|&pat| self.matches(pat, value)),
            _ => panic!("not in the reference"),
        }
    }
}

fn literal(lit: &Lit) -> Value {
    match lit {
        Lit::Int(value) => Value::Int(*value),
        Lit::Float(value) => Value::Float(*value),
        Lit::Bool(value) => Value::Bool(*value),
        Lit::Str(value) => Value::Str(value.clone()),
    }
}
