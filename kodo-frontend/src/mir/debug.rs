//! Debug text: one function per type, made on demand by `mono`.
//!
//! ```text
//!   Point { x: 1, y: 2 }    (1, "two")    [1, 2]    Some(1)    Circle(2.5)
//! ```
//!
//! `fn debug<T>(_1: String, ref _2: T) -> String` appends the text of `_2` to `_1`. Numbers, Bools and Strings (in
//! quotes) are appended by operations; other parts by the function of their type, so the depth of calls is the depth of
//! the value. What has no parts to show (channels, futures, function values) shows its type.

use super::typing::place_ty;
use super::{
    BinaryOp, Block, BlockId, Body, Callee, Const, Intrinsic, Local, LocalDecl, Operand, Passing, Place, Projection,
    RESULT, Rvalue, Statement, StatementKind, Terminator, TerminatorKind,
};
use crate::names::Names;
use crate::source::Span;
use crate::types::ty::{Adt, AdtId, AdtKind, Ty, TyCon, TyKind, Types, Variant};
use rustc_hash::FxHashSet;

/// Where the text grows, and what is shown.
const TEXT: Local = Local(1);
const VALUE: Local = Local(2);

/// The operation that appends the debug text, for types that need no function of their own.
pub fn operation(ty: Ty) -> Option<Callee> {
    if ty == Ty::STRING {
        Some(Callee::Intrinsic(Intrinsic::StringAppendQuoted, Vec::new()))
    } else if ty == Ty::BOOL || ty.is_number() {
        Some(Callee::Intrinsic(Intrinsic::StringAppend, vec![ty]))
    } else {
        None
    }
}

/// The function for a type. Calls of the functions of its parts are still [`Intrinsic::DebugAppend`].
pub fn body(
    ty: Ty,
    name: String,
    span: Span,
    types: &mut Types,
    adts: &[Adt],
    cells: &FxHashSet<(AdtId, u32, u32)>,
    names: &Names,
) -> Body {
    let decl = |ty, passing| LocalDecl { ty, name: None, span, passing };
    let body = Body {
        name,
        span,
        generics: 0,
        params: 2,
        locals: vec![decl(Ty::STRING, Passing::Owned), decl(Ty::STRING, Passing::Owned), decl(ty, Passing::Borrowed)],
        blocks: Vec::new(),
        spawned: Vec::new(),
        uses: Vec::new(),
    };
    let mut make = Make { body, types, adts, cells, names, span, statements: Vec::new(), pending: String::new() };
    make.value(ty);
    make.body
}

struct Make<'a> {
    body: Body,
    types: &'a mut Types,
    adts: &'a [Adt],
    /// Fields that hold a list of one element, which is what is shown of them.
    cells: &'a FxHashSet<(AdtId, u32, u32)>,
    names: &'a Names,
    span: Span,
    /// Of the block being made, which is the one after the finished ones.
    statements: Vec<Statement>,
    /// Text that is not appended yet.
    pending: String,
}

impl Make<'_> {
    fn value(&mut self, ty: Ty) {
        match self.types.kind(ty).clone() {
            TyKind::Tuple(items) => {
                self.pending.push('(');
                for index in 0..items.len() {
                    self.pending.push_str(if index > 0 { ", " } else { "" });
                    self.part(vec![Projection::Field(index as u32)]);
                }
                self.pending.push_str(if items.len() == 1 { ",)" } else { ")" });
                self.finish();
            }
            TyKind::App(TyCon::Adt(id), _) => {
                let adts = self.adts;
                let adt = &adts[id.0 as usize];
                match adt.kind {
                    AdtKind::Struct => self.fields(id, &adt.variants[0], None),
                    AdtKind::Enum => self.variants(id, adt),
                }
            }
            TyKind::App(TyCon::List, _) => self.list(),
            TyKind::Unit => {
                self.pending.push_str("()");
                self.finish();
            }
            _ => {
                let shown = self.types.display(ty, self.adts, self.names, &[]);
                self.pending.push_str(&shown);
                self.finish();
            }
        }
    }

    /// A struct or variant: the name, then its fields; the end of the function.
    fn fields(&mut self, id: AdtId, variant: &Variant, of: Option<u32>) {
        self.pending.push_str(self.names.text(variant.name));
        let named = of.is_none();
        if !variant.fields.is_empty() {
            self.pending.push_str(if named { " { " } else { "(" });
            for (index, field) in variant.fields.iter().enumerate() {
                self.pending.push_str(if index > 0 { ", " } else { "" });
                if let (true, Some(name)) = (named, field.name) {
                    self.pending.push_str(self.names.text(name));
                    self.pending.push_str(": ");
                }
                let selected = of.map(Projection::Variant);
                let mut place: Vec<Projection> =
                    selected.into_iter().chain([Projection::Field(index as u32)]).collect();
                if self.cells.contains(&(id, of.unwrap_or(0), index as u32)) {
                    let first = self.local(Ty::INT);
                    self.assign(first, Rvalue::Use(Operand::Const(Const::Int(0))));
                    place.push(Projection::Index(first));
                }
                self.part(place);
            }
            self.pending.push_str(if named { " }" } else { ")" });
        }
        self.finish();
    }

    fn variants(&mut self, id: AdtId, adt: &Adt) {
        if let [only] = &adt.variants[..] {
            self.fields(id, only, Some(0));
            return;
        }
        let tag = self.local(Ty::INT);
        self.assign(tag, Rvalue::Discriminant(Place::local(VALUE)));
        // Known when the variants are made.
        let switch = self.body.blocks.len();
        self.end(TerminatorKind::Unreachable);
        let mut targets = Vec::new();
        for (index, variant) in adt.variants.iter().enumerate() {
            targets.push((index as i64, self.next()));
            self.fields(id, variant, Some(index as u32));
        }
        let otherwise = self.next();
        self.end(TerminatorKind::Unreachable);
        let value = Operand::Copy(Place::local(tag));
        self.body.blocks[switch].terminator.kind = TerminatorKind::Switch { value, targets, otherwise };
    }

    fn list(&mut self) {
        let (len, index) = (self.local(Ty::INT), self.local(Ty::INT));
        let (first, more) = (self.local(Ty::BOOL), self.local(Ty::BOOL));
        let read = |local| Operand::Copy(Place::local(local));
        self.pending.push('[');
        self.flush();
        self.assign(len, Rvalue::ListLen(Place::local(VALUE)));
        self.assign(index, Rvalue::Use(Operand::Const(Const::Int(0))));
        let head = BlockId(self.next().0 + 1);
        self.end(TerminatorKind::Goto(head));
        self.assign(more, Rvalue::Binary(BinaryOp::Lt, read(index), read(len)));
        let test = self.body.blocks.len();
        self.end(TerminatorKind::Unreachable);

        let inside = self.next();
        self.assign(first, Rvalue::Binary(BinaryOp::Eq, read(index), Operand::Const(Const::Int(0))));
        let separate = self.body.blocks.len();
        self.end(TerminatorKind::Unreachable);
        let comma = self.next();
        self.pending.push_str(", ");
        self.flush();
        let element = BlockId(self.next().0 + 1);
        self.end(TerminatorKind::Goto(element));
        self.part(vec![Projection::Index(index)]);
        self.assign(index, Rvalue::Binary(BinaryOp::Add, read(index), Operand::Const(Const::Int(1))));
        self.end(TerminatorKind::Goto(head));

        let exit = self.next();
        self.pending.push(']');
        self.finish();
        self.branch(test, more, inside, exit);
        self.branch(separate, first, element, comma);
    }

    /// Makes a finished block end with a choice.
    fn branch(&mut self, block: usize, on: Local, yes: BlockId, no: BlockId) {
        let value = Operand::Copy(Place::local(on));
        self.body.blocks[block].terminator.kind =
            TerminatorKind::Switch { value, targets: vec![(1, yes)], otherwise: no };
    }

    // ---- pieces

    fn local(&mut self, ty: Ty) -> Local {
        self.body.locals.push(LocalDecl { ty, name: None, span: self.span, passing: Passing::Owned });
        Local(self.body.locals.len() as u32 - 1)
    }

    fn assign(&mut self, local: Local, value: Rvalue) {
        let kind = StatementKind::Assign(Place::local(local), value);
        self.statements.push(Statement { kind, span: self.span });
    }

    /// The block being made.
    fn next(&self) -> BlockId {
        BlockId(self.body.blocks.len() as u32)
    }

    fn end(&mut self, kind: TerminatorKind) {
        let terminator = Terminator { kind, span: self.span };
        self.body.blocks.push(Block { statements: std::mem::take(&mut self.statements), terminator, cleanup: false });
    }

    fn append(&mut self, callee: Callee, value: Operand) {
        let args = vec![Operand::Copy(Place::local(TEXT)), value];
        let target = Some(BlockId(self.next().0 + 1));
        self.end(TerminatorKind::Call { callee, args, dest: Place::local(TEXT), target, unwind: None });
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.pending);
        let callee = Callee::Intrinsic(Intrinsic::StringAppend, vec![Ty::STRING]);
        self.append(callee, Operand::Const(Const::Str(text.into())));
    }

    fn part(&mut self, projection: Vec<Projection>) {
        self.flush();
        let place = Place { local: VALUE, projection };
        let ty = place_ty(&self.body, &place, self.types, self.adts).unwrap_or(Ty::ERROR);
        let callee = operation(ty).unwrap_or(Callee::Intrinsic(Intrinsic::DebugAppend, vec![ty]));
        self.append(callee, Operand::Borrow(place));
    }

    fn finish(&mut self) {
        self.flush();
        self.assign(RESULT, Rvalue::Use(Operand::Copy(Place::local(TEXT))));
        self.end(TerminatorKind::Return);
    }
}
