//! Checks the form of a lowered program, and runs it.
//!
//! The interpreter knows values, not counts: a copy is a clone, a `mut` parameter is copied in and back out. A
//! spawned body runs at once. What the program prints, and how it ended, is the answer.

use crate::hir::BinaryOp as B;
use crate::mir::lower::builder::{for_each_local, successors_of};
use crate::mir::*;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Unset,
    Unit,
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(String),
    /// Variant and fields.
    Data(i64, Vec<Value>),
    List(Vec<Value>),
    Channel(Rc<RefCell<VecDeque<Value>>>),
    Future(Box<Value>),
}

/// Every target exists, every block is reachable, every local that is read has been written on every path.
pub(crate) fn check(body: &Body) {
    let count = body.blocks.len();
    let mut blocks = body.blocks.clone();
    for block in &mut blocks {
        for_each_local(block, &mut |local| assert!((local.0 as usize) < body.locals.len(), "no {local:?}"));
    }
    let mut entry: Vec<Option<Vec<bool>>> = vec![None; count];
    let mut start = vec![false; body.locals.len()];
    start[1..=body.params as usize].fill(true);
    entry[0] = Some(start);
    let mut work = vec![0usize];
    while let Some(at) = work.pop() {
        let mut set = entry[at].clone().expect("only reached blocks are visited");
        let block = &body.blocks[at];
        for statement in &block.statements {
            let StatementKind::Assign(place, rvalue) = &statement.kind else {
                panic!("lowering writes no drops");
            };
            let mut probe = Block {
                statements: vec![Statement {
                    kind: StatementKind::Assign(Place::local(RESULT), rvalue.clone()),
                    span: statement.span,
                }],
                terminator: Terminator { kind: TerminatorKind::Unreachable, span: statement.span },
                cleanup: false,
            };
            for_each_local(&mut probe, &mut |local| {
                assert!(*local == RESULT || set[local.0 as usize], "{local:?} is read before it is set in {body:#?}");
            });
            assert!(place.projection.is_empty() || set[place.local.0 as usize], "part of unset {place:?}");
            set[place.local.0 as usize] = true;
        }
        let mut init = Vec::new();
        match &block.terminator.kind {
            TerminatorKind::Call { dest, target: Some(target), .. } => init.push((*target, dest.local)),
            TerminatorKind::Spawn { dest, target, .. } => init.push((*target, dest.local)),
            TerminatorKind::Select { arms, .. } => {
                for arm in arms {
                    if let SelectArm::Recv { into, target, .. } = arm {
                        init.push((*target, *into));
                    }
                }
            }
            TerminatorKind::Return => assert!(set[0], "_0 is not set at the return of {body:#?}"),
            _ => {}
        }
        for target in successors_of(&block.terminator.kind) {
            assert!((target.0 as usize) < count, "no {target:?}");
            let mut next = set.clone();
            for &(to, local) in &init {
                if to == target {
                    next[local.0 as usize] = true;
                }
            }
            let old = &mut entry[target.0 as usize];
            let new = match old {
                None => next,
                Some(old) => old.iter().zip(next).map(|(&a, b)| a && b).collect(),
            };
            if old.as_ref() != Some(&new) {
                *old = Some(new);
                work.push(target.0 as usize);
            }
        }
    }
    for (index, entry) in entry.iter().enumerate() {
        assert!(entry.is_some(), "bb{index} is unreachable in {body:#?}");
    }
    body.spawned.iter().for_each(check);
}

pub(crate) struct Machine<'a> {
    program: &'a Program,
    pub(crate) output: Vec<String>,
    steps: u64,
}

type End<T> = Result<T, String>;

/// Runs `main`; its value and what was printed, or why it ended.
pub(crate) fn run(program: &Program) -> (End<Value>, String) {
    let mut machine = Machine { program, output: Vec::new(), steps: 0 };
    let mut none: [Value; 0] = [];
    let end = machine.body(program.main, &mut none);
    (end, machine.output.join(" "))
}

impl Machine<'_> {
    fn body(&mut self, id: InstanceId, args: &mut [Value]) -> End<Value> {
        let program = self.program;
        let body = &program.instances[id.0 as usize];
        assert_eq!(body.params as usize, args.len());
        let mut locals = vec![Value::Unset; body.locals.len()];
        locals[1..=args.len()].clone_from_slice(args);
        let mut at = BlockId(0);
        loop {
            self.steps += 1;
            if self.steps > 1_000_000 {
                return Err("runs for ever".into());
            }
            let block = &body.blocks[at.0 as usize];
            for statement in &block.statements {
                let StatementKind::Assign(place, rvalue) = &statement.kind else { panic!("a drop") };
                let value = evaluate(&locals, rvalue);
                *place_mut(&mut locals, place) = value;
            }
            at = match &block.terminator.kind {
                TerminatorKind::Goto(target) => *target,
                TerminatorKind::Switch { value, targets, otherwise } => {
                    let key = match read(&locals, value) {
                        Value::Int(value) => value,
                        Value::Bool(value) => i64::from(value),
                        other => panic!("switch on {other:?}"),
                    };
                    targets.iter().find(|target| target.0 == key).map_or(*otherwise, |target| target.1)
                }
                TerminatorKind::Return => {
                    args.clone_from_slice(&locals[1..=args.len()]);
                    return Ok(locals[0].clone());
                }
                TerminatorKind::Unreachable => panic!("reached the unreachable"),
                TerminatorKind::Resume => panic!("no cleanup yet"),
                TerminatorKind::Check { check, target, .. } => {
                    check_or(&locals, check)?;
                    *target
                }
                TerminatorKind::Call { callee, args, dest, target, .. } => {
                    let mut values: Vec<Value> = args.iter().map(|arg| read(&locals, arg)).collect();
                    let result = match callee {
                        Callee::Instance(id) => self.body(*id, &mut values)?,
                        Callee::Intrinsic(op, _) => self.operation(*op, &mut values)?,
                        Callee::Function(..) => panic!("not an instance"),
                        Callee::Value | Callee::Closure(_) | Callee::Dyn { .. } | Callee::Method { .. } => {
                            return Err("function values are not interpreted".into());
                        }
                    };
                    for (arg, value) in args.iter().zip(values) {
                        if let Operand::Mut(place) = arg {
                            *place_mut(&mut locals, place) = value;
                        }
                    }
                    *place_mut(&mut locals, dest) = result;
                    target.expect("the callee returned")
                }
                TerminatorKind::Spawn { body: SpawnBody::Instance(id), captures, kind, dest, target, .. } => {
                    let mut values: Vec<Value> = captures.iter().map(|arg| read(&locals, arg)).collect();
                    if let SpawnKind::Parallel(scope) = kind {
                        read(&locals, scope);
                    }
                    let result = self.body(*id, &mut values)?;
                    let detached = *kind == SpawnKind::Detached;
                    *place_mut(&mut locals, dest) =
                        if detached { Value::Unit } else { Value::Future(Box::new(result)) };
                    *target
                }
                TerminatorKind::Spawn { .. } => panic!("not an instance"),
                TerminatorKind::Select { arms, otherwise, .. } => select(&mut locals, arms, otherwise),
            };
        }
    }

    fn operation(&mut self, op: Intrinsic, args: &mut [Value]) -> End<Value> {
        use Intrinsic as I;
        Ok(match (op, &mut *args) {
            (I::Println, [value]) => {
                self.output.push(text(value));
                Value::Unit
            }
            (I::Panic, [value]) => return Err(text(value)),
            (I::ToString, [value]) => Value::Str(text(value)),
            (I::StringAppend, [Value::Str(left), right]) => Value::Str(format!("{left}{}", text(right))),
            (I::StringEq, [Value::Str(left), Value::Str(right)]) => Value::Bool(left == right),
            (I::StringCmp, [Value::Str(left), Value::Str(right)]) => Value::Int((*left).cmp(right) as i64),
            (I::ListNew | I::ListFrom, values) => Value::List(values.to_vec()),
            (I::ListPush, [Value::List(items), value]) => {
                items.push(value.clone());
                Value::Unit
            }
            (I::ListPop, [Value::List(items)]) => match items.pop() {
                Some(value) => Value::Data(0, vec![value]),
                None => Value::Data(1, Vec::new()),
            },
            (I::StringLength, [Value::Str(text)]) => Value::Int(text.chars().count() as i64),
            (I::ChannelClose, [Value::Channel(_)]) => Value::Unit,
            (I::ListLength, [Value::List(items)]) => Value::Int(items.len() as i64),
            (I::ListMakeUnique, [Value::List(_)]) => Value::Unit,
            (I::CellTake, [Value::List(items)]) => items.pop().ok_or("a cell has an element")?,
            (I::ChannelNew, []) => Value::Channel(Rc::default()),
            (I::ChannelSend, [Value::Channel(channel), value]) => {
                channel.borrow_mut().push_back(value.clone());
                Value::Unit
            }
            (I::ChannelNext, [Value::Channel(channel)]) => match channel.borrow_mut().pop_front() {
                Some(value) => Value::Data(0, vec![value]),
                None => Value::Data(1, Vec::new()),
            },
            (I::ChannelRecv, [Value::Channel(channel)]) => {
                channel.borrow_mut().pop_front().ok_or("nothing to receive")?
            }
            (I::StringSplit, [Value::Str(text), Value::Str(by)]) if by.is_empty() => {
                Value::List(text.chars().map(|c| Value::Str(c.into())).collect())
            }
            (I::Await, [Value::Future(value)]) => (**value).clone(),
            (I::ParallelBegin, []) => {
                self.output.push("begin".into());
                Value::Int(77)
            }
            (I::ParallelJoin, [Value::Int(77)]) => {
                self.output.push("join".into());
                Value::Unit
            }
            (op, args) => panic!("{op:?} of {args:?}"),
        })
    }
}

fn select(locals: &mut [Value], arms: &[SelectArm], otherwise: &SelectOtherwise) -> BlockId {
    for arm in arms {
        match arm {
            SelectArm::Recv { channel, into, target } => {
                let Value::Channel(channel) = read(locals, channel) else { panic!("no channel") };
                let value = channel.borrow_mut().pop_front();
                if let Some(value) = value {
                    locals[into.0 as usize] = value;
                    return *target;
                }
            }
            SelectArm::Send { channel, value, target } => {
                let Value::Channel(channel) = read(locals, channel) else { panic!("no channel") };
                channel.borrow_mut().push_back(read(locals, value));
                return *target;
            }
        }
    }
    match otherwise {
        SelectOtherwise::Default(target) | SelectOtherwise::Timeout(_, target) => *target,
        SelectOtherwise::Wait => panic!("would wait for ever"),
    }
}

fn check_or(locals: &[Value], check: &Check) -> End<()> {
    let (Check::Index { index: a, len: b } | Check::Division { dividend: a, divisor: b }) = check;
    let (Value::Int(a), Value::Int(b)) = (read(locals, a), read(locals, b)) else { panic!("not Ints") };
    match check {
        Check::Index { .. } if !(0..b).contains(&a) => Err(format!("index {a} of {b}")),
        Check::Division { .. } if b == 0 || (a == i64::MIN && b == -1) => Err("division".into()),
        _ => Ok(()),
    }
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Str(value) => value.clone(),
        other => panic!("{other:?} has no text"),
    }
}

fn read(locals: &[Value], operand: &Operand) -> Value {
    let (Operand::Copy(place) | Operand::Borrow(place) | Operand::Mut(place) | Operand::Move(place)) = operand else {
        let Operand::Const(constant) = operand else { unreachable!() };
        return match constant {
            Const::Unit => Value::Unit,
            Const::Int(value) => Value::Int(*value),
            Const::Float(value) => Value::Float(*value),
            Const::Fixed(_, value) => Value::Int(*value),
            Const::Float32(value) => Value::Float((*value).into()),
            Const::Bool(value) => Value::Bool(*value),
            Const::Str(value) => Value::Str(value.to_string()),
        };
    };
    let value = place_of(locals, place).clone();
    assert!(!matches!(value, Value::Unset), "{place:?} is read before it is set");
    value
}

fn place_of<'a>(locals: &'a [Value], place: &Place) -> &'a Value {
    let mut at = &locals[place.local.0 as usize];
    for step in &place.projection {
        at = match (step, at) {
            (Projection::Field(field), Value::Data(_, fields)) => &fields[*field as usize],
            (Projection::Variant(variant), Value::Data(is, _)) => {
                assert_eq!(*is, i64::from(*variant), "another variant");
                at
            }
            (Projection::Index(local), Value::List(items)) => match &locals[local.0 as usize] {
                Value::Int(index) => &items[*index as usize],
                other => panic!("index {other:?}"),
            },
            (step, at) => panic!("{step:?} of {at:?}"),
        };
    }
    at
}

fn place_mut<'a>(locals: &'a mut [Value], place: &Place) -> &'a mut Value {
    let index_of = |local: &Local| match &locals[local.0 as usize] {
        Value::Int(index) => *index as usize,
        other => panic!("index {other:?}"),
    };
    let indices: Vec<usize> = (place.projection.iter())
        .filter_map(|step| match step {
            Projection::Index(local) => Some(index_of(local)),
            _ => None,
        })
        .collect();
    let mut indices = indices.into_iter();
    let mut at = &mut locals[place.local.0 as usize];
    for step in &place.projection {
        at = match (step, at) {
            (Projection::Field(field), Value::Data(_, fields)) => &mut fields[*field as usize],
            (Projection::Variant(variant), at @ Value::Data(..)) => {
                let Value::Data(is, _) = &*at else { unreachable!() };
                assert_eq!(*is, i64::from(*variant), "another variant");
                at
            }
            (Projection::Index(_), Value::List(items)) => &mut items[indices.next().expect("one per step")],
            (step, at) => panic!("{step:?} of {at:?}"),
        };
    }
    at
}

fn evaluate(locals: &[Value], rvalue: &Rvalue) -> Value {
    let all = |items: &[Operand]| items.iter().map(|item| read(locals, item)).collect::<Vec<_>>();
    match rvalue {
        Rvalue::Use(operand) => read(locals, operand),
        Rvalue::Construct { variant, fields, .. } => Value::Data(i64::from(*variant), all(fields)),
        Rvalue::Tuple(items) => Value::Data(0, all(items)),
        Rvalue::Discriminant(place) => match read(locals, &Operand::Copy(place.clone())) {
            Value::Data(variant, _) => Value::Int(variant),
            other => panic!("discriminant of {other:?}"),
        },
        Rvalue::ListLen(place) => match read(locals, &Operand::Copy(place.clone())) {
            Value::List(items) => Value::Int(items.len() as i64),
            other => panic!("length of {other:?}"),
        },
        Rvalue::Unary(op, value) => unary(*op, read(locals, value)),
        Rvalue::Binary(op, a, b) => {
            let a = read(locals, a);
            assert!(!matches!(a, Value::Str(_)), "strings have operations of their own");
            binary(*op, a, read(locals, b))
        }
    }
}

pub(crate) fn unary(op: UnaryOp, value: Value) -> Value {
    match (op, value) {
        (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
        (UnaryOp::Neg, Value::Int(value)) => Value::Int(value.wrapping_neg()),
        (UnaryOp::BitNot, Value::Int(value)) => Value::Int(!value),
        (op, value) => panic!("{op:?} {value:?}"),
    }
}

/// Strings too, for the reference.
pub(crate) fn binary(op: B, a: Value, b: Value) -> Value {
    match (op, a, b) {
        (B::Add, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_add(b)),
        (B::Sub, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_sub(b)),
        (B::Mul, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_mul(b)),
        (B::Div, Value::Int(a), Value::Int(b)) => Value::Int(a / b),
        (B::Rem, Value::Int(a), Value::Int(b)) => Value::Int(a % b),
        (B::Shl, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_shl(b as u32)),
        (B::BitXor, Value::Int(a), Value::Int(b)) => Value::Int(a ^ b),
        (B::Eq, Value::Int(a), Value::Int(b)) => Value::Bool(a == b),
        (B::Lt, Value::Int(a), Value::Int(b)) => Value::Bool(a < b),
        (B::Le, Value::Int(a), Value::Int(b)) => Value::Bool(a <= b),
        (B::Gt, Value::Int(a), Value::Int(b)) => Value::Bool(a > b),
        (B::Ge, Value::Int(a), Value::Int(b)) => Value::Bool(a >= b),
        (B::Ne, Value::Int(a), Value::Int(b)) => Value::Bool(a != b),
        (B::Eq, Value::Bool(a), Value::Bool(b)) => Value::Bool(a == b),
        (B::Ne, Value::Bool(a), Value::Bool(b)) => Value::Bool(a != b),
        (B::Div, Value::Float(a), Value::Float(b)) => Value::Float(a / b),
        (B::Lt, Value::Float(a), Value::Float(b)) => Value::Bool(a < b),
        (B::Add, Value::Str(a), b) => Value::Str(a + &text(&b)),
        (B::Eq, Value::Str(a), Value::Str(b)) => Value::Bool(a == b),
        (B::Ne, Value::Str(a), Value::Str(b)) => Value::Bool(a != b),
        (op, a, b) => panic!("{a:?} {op:?} {b:?}"),
    }
}
