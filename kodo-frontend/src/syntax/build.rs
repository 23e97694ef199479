//! What the grammar's actions call: adding nodes, and folding flat operator chains by precedence.

use super::ast::{Ast, BinOp, Id, List, Node};
use crate::names::{Name, Names};

pub struct Builder<'s> {
    pub ast: Ast,
    pub names: &'s mut Names,
    pub text: &'s str,
    /// The nodes that stand for [`Cut`](super::token::T::Cut) tokens, in order.
    pub cuts: Vec<Id>,
}

/// `a op b op c …` as written: the first operand, then operator and operand with their places.
pub struct Chain {
    first: (Id, u32, u32),
    pub rest: Vec<(BinOp, Id, u32, u32)>,
}

impl Chain {
    pub fn new(first: (Id, u32, u32), second: (BinOp, Id, u32, u32)) -> Chain {
        Chain { first, rest: vec![second] }
    }
}

/// Higher binds tighter; bit operators as in Rust.
fn precedence(op: BinOp) -> u8 {
    use BinOp::*;
    match op {
        Coalesce => 1,
        Or => 2,
        And => 3,
        Eq | Ne => 4,
        Lt | Gt | Le | Ge => 5,
        BitOr => 6,
        BitXor => 7,
        BitAnd => 8,
        Shl | Shr => 9,
        Add | Sub => 10,
        Mul | Div | Rem => 11,
    }
}

impl Builder<'_> {
    pub fn add(&mut self, lo: u32, node: Node, hi: u32) -> Id {
        self.ast.add(lo, node, hi)
    }

    pub fn cut(&mut self, lo: u32, hi: u32) -> Id {
        let id = self.ast.add(lo, Node::Error, hi);
        self.cuts.push(id);
        id
    }

    pub fn list(&mut self, ids: &[Id]) -> List {
        self.ast.add_list(ids)
    }

    pub fn name(&mut self, lo: u32, hi: u32) -> Name {
        self.names.intern(&self.text[lo as usize..hi as usize])
    }

    pub fn generics(&mut self, params: Vec<Id>, item: Id) -> Id {
        if params.is_empty() {
            return item;
        }
        let span = self.ast.span(item);
        let params = self.list(&params);
        self.add(span.lo, Node::Generics(params, item), span.hi)
    }

    pub fn attrs(&mut self, lo: u32, annotations: &[Id], item: Id, hi: u32) -> Id {
        if annotations.is_empty() {
            return item;
        }
        let annotations = self.list(annotations);
        self.add(lo, Node::Attrs(annotations, item), hi)
    }

    /// `.0`, and `.0.1`, which arrives as one float.
    pub fn tuple_field(&mut self, lo: u32, mut of: Id, at: u32, hi: u32) -> Id {
        let mut end = at;
        for part in self.text[at as usize..hi as usize].split('.') {
            end += part.len() as u32;
            // What is no plain number is an index past every tuple's end.
            of = self.ast.add(lo, Node::TupleField(of, part.parse().unwrap_or(u32::MAX)), end);
            end += 1;
        }
        of
    }

    /// Left-associative precedence over a flat chain, without recursion.
    pub fn fold(&mut self, chain: Chain) -> Id {
        let mut operands = vec![chain.first];
        let mut operators: Vec<BinOp> = Vec::new();
        for (op, id, lo, hi) in chain.rest {
            self.reduce(&mut operands, &mut operators, precedence(op));
            operators.push(op);
            operands.push((id, lo, hi));
        }
        self.reduce(&mut operands, &mut operators, 0);
        operands[0].0
    }

    fn reduce(&mut self, operands: &mut Vec<(Id, u32, u32)>, operators: &mut Vec<BinOp>, least: u8) {
        while let Some(op) = operators.pop_if(|op| precedence(*op) >= least) {
            let (right, _, hi) = operands.pop().expect("an operator has two operands");
            let (left, lo, _) = operands.pop().expect("an operator has two operands");
            operands.push((self.add(lo, Node::Bin(op, left, right), hi), lo, hi));
        }
    }
}
