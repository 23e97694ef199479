//! Programs built by hand, and what is done with them.

use crate::{Error, Input, Options, Output, compile};
pub use kodo_frontend::mir::Operand;
use kodo_frontend::mir::{
    Block, BlockId, Body, Callee, Check, Const, InstanceId, Intrinsic, Local, LocalDecl, Passing, Place, Program,
    Projection, Rvalue, SelectArm, SelectOtherwise, SpawnBody, SpawnKind, Statement, StatementKind, Terminator,
    TerminatorKind,
};
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources, Span};
use kodo_frontend::types::ty::{Adt, AdtId, AdtKind, Field, Ty, TyCon, TyKind, Types, Variant};

pub const OPTION: AdtId = AdtId(0);

/// Everything a program refers to. The source is two hundred lines of four letters; a statement's line is how many were
/// made before it.
pub struct World {
    pub types: Types,
    pub adts: Vec<Adt>,
    names: Names,
    sources: Sources,
    bodies: Vec<Body>,
}

impl World {
    pub fn new() -> World {
        let mut sources = Sources::default();
        sources.add("t.ko".into(), "code\n".repeat(200));
        let mut world =
            World { types: Types::default(), adts: Vec::new(), names: Names::default(), sources, bodies: Vec::new() };
        let param = world.types.intern(TyKind::Param(0));
        world.adt("Option", AdtKind::Enum, 1, &[&[param], &[]]);
        world
    }

    pub fn adt(&mut self, name: &str, kind: AdtKind, params: u32, variants: &[&[Ty]]) -> AdtId {
        let name = self.names.intern(name);
        let field = |&ty: &Ty| Field { name: None, ty, span: span(0) };
        self.adts.push(Adt {
            name,
            kind,
            span: span(0),
            params: (0..params).map(|_| name).collect(),
            variants: variants
                .iter()
                .map(|fields| Variant { name, span: span(0), fields: fields.iter().map(field).collect() })
                .collect(),
        });
        AdtId(self.adts.len() as u32 - 1)
    }

    pub fn app(&mut self, con: TyCon, args: &[Ty]) -> Ty {
        self.types.app(con, args)
    }

    pub fn list(&mut self, element: Ty) -> Ty {
        self.app(TyCon::List, &[element])
    }

    pub fn option(&mut self, inner: Ty) -> Ty {
        self.app(TyCon::Adt(OPTION), &[inner])
    }

    /// Adds an instance; the first is `main`.
    pub fn add(&mut self, f: Fun) -> InstanceId {
        self.bodies.push(f.body);
        InstanceId(self.bodies.len() as u32 - 1)
    }

    pub fn replace_main(&mut self, f: Fun) {
        self.bodies[0] = f.body;
    }

    pub fn compile(&mut self, options: &Options, output: Output) -> Result<Vec<u8>, Error> {
        let program = Program { instances: self.bodies.clone(), main: InstanceId(0), own: Default::default() };
        let input = Input {
            program: &program,
            types: &mut self.types,
            adts: &self.adts,
            option: OPTION,
            names: &self.names,
            sources: &self.sources,
        };
        compile(input, options, output)
    }

    /// LLVM's text at a level, without polls.
    pub fn ir(&mut self, opt_level: u8) -> String {
        let options = Options { opt_level, green_threads: false, ..Options::default() };
        String::from_utf8(self.compile(&options, Output::LlvmIr).unwrap()).unwrap()
    }

    /// Compiles at -O0 and -O2, links with the small runtime, runs; both must print the same.
    #[track_caller]
    pub fn runs(&mut self, expected: &str) {
        for opt_level in [0, 2] {
            let options = Options { opt_level, ..Options::default() };
            let object = self.compile(&options, Output::Object).unwrap();
            assert_eq!(super::run(&object), expected, "at -O{opt_level}");
        }
    }
}

pub fn span(line: u32) -> Span {
    Span::new(FileId(0), line * 5, line * 5 + 4)
}

/// A body under construction: a position in it, and calls that continue in a new block.
pub struct Fun {
    pub body: Body,
    at: usize,
    line: u32,
}

impl Fun {
    pub fn new(name: &str, params: &[(Ty, Passing)], result: Ty) -> Fun {
        let decl = |ty, passing| LocalDecl { ty, name: None, span: span(0), passing };
        let mut locals = vec![decl(result, Passing::Owned)];
        locals.extend(params.iter().map(|&(ty, passing)| decl(ty, passing)));
        let body = Body {
            name: name.into(),
            span: span(0),
            generics: 0,
            params: params.len() as u32,
            locals,
            blocks: Vec::new(),
            spawned: Vec::new(),
            uses: Vec::new(),
        };
        let mut f = Fun { body, at: 0, line: 0 };
        f.block();
        f
    }

    pub fn local(&mut self, ty: Ty) -> Local {
        self.body.locals.push(LocalDecl { ty, name: None, span: span(0), passing: Passing::Owned });
        Local(self.body.locals.len() as u32 - 1)
    }

    /// A new block, that cannot be reached and does nothing until it is filled.
    pub fn block(&mut self) -> BlockId {
        let terminator = Terminator { kind: TerminatorKind::Unreachable, span: span(0) };
        self.body.blocks.push(Block { statements: Vec::new(), terminator, cleanup: false });
        BlockId(self.body.blocks.len() as u32 - 1)
    }

    pub fn at(&mut self, block: BlockId) {
        self.at = block.0 as usize;
    }

    pub fn end(&mut self, kind: TerminatorKind) {
        self.line += 1;
        self.body.blocks[self.at].terminator = Terminator { kind, span: span(self.line) };
    }

    pub fn statement(&mut self, kind: StatementKind) {
        self.line += 1;
        self.body.blocks[self.at].statements.push(Statement { kind, span: span(self.line) });
    }

    pub fn assign(&mut self, to: impl Into<P>, value: Rvalue) {
        self.statement(StatementKind::Assign(to.into().0, value));
    }

    pub fn set(&mut self, to: impl Into<P>, value: Operand) {
        self.assign(to, Rvalue::Use(value));
    }

    pub fn drop(&mut self, place: impl Into<P>) {
        self.statement(StatementKind::Drop(place.into().0));
    }

    pub fn intrinsic(&mut self, intrinsic: Intrinsic, tys: &[Ty], args: &[Operand], dest: Local) {
        self.call(Callee::Intrinsic(intrinsic, tys.into()), args, dest);
    }

    pub fn instance(&mut self, id: InstanceId, args: &[Operand], dest: Local) {
        self.call(Callee::Instance(id), args, dest);
    }

    pub fn call(&mut self, callee: Callee, args: &[Operand], dest: Local) {
        let target = self.block();
        let dest = Place::local(dest);
        self.end(TerminatorKind::Call { callee, args: args.into(), dest, target: Some(target), unwind: None });
        self.at(target);
    }

    pub fn check(&mut self, check: Check) {
        let target = self.block();
        self.end(TerminatorKind::Check { check, target, unwind: None });
        self.at(target);
    }

    pub fn spawn(&mut self, id: InstanceId, captures: &[Operand], kind: SpawnKind, result: Ty, dest: Local) {
        let target = self.block();
        let (body, dest) = (SpawnBody::Instance(id), Place::local(dest));
        self.end(TerminatorKind::Spawn { body, captures: captures.into(), kind, result, dest, target });
        self.at(target);
    }

    pub fn branch(&mut self, value: Operand, yes: BlockId, no: BlockId) {
        self.end(TerminatorKind::Switch { value, targets: vec![(0, no)], otherwise: yes });
    }

    pub fn select(&mut self, arms: Vec<SelectArm>, otherwise: SelectOtherwise) {
        self.end(TerminatorKind::Select { arms, otherwise, unwind: None });
    }

    pub fn goto(&mut self, to: BlockId) {
        self.end(TerminatorKind::Goto(to));
    }

    pub fn ret(&mut self) {
        self.end(TerminatorKind::Return);
    }

    /// Prints a value and drops the unit that printing gives.
    pub fn println(&mut self, ty: Ty, value: Operand) {
        let unit = self.local(Ty::UNIT);
        self.intrinsic(Intrinsic::Println, &[ty], &[value], unit);
    }
}

/// A place, from a local or with projections.
#[derive(Clone)]
pub struct P(pub Place);

impl From<Local> for P {
    fn from(local: Local) -> P {
        P(Place::local(local))
    }
}

impl P {
    pub fn field(mut self, n: u32) -> P {
        self.0.projection.push(Projection::Field(n));
        self
    }
    pub fn variant(mut self, n: u32) -> P {
        self.0.projection.push(Projection::Variant(n));
        self
    }
    pub fn index(mut self, local: Local) -> P {
        self.0.projection.push(Projection::Index(local));
        self
    }
}

pub fn place(local: Local) -> P {
    local.into()
}
pub fn copy(p: impl Into<P>) -> Operand {
    Operand::Copy(p.into().0)
}
pub fn mv(p: impl Into<P>) -> Operand {
    Operand::Move(p.into().0)
}
pub fn borrow(p: impl Into<P>) -> Operand {
    Operand::Borrow(p.into().0)
}
pub fn by_ref(p: impl Into<P>) -> Operand {
    Operand::Mut(p.into().0)
}
pub fn int(value: i64) -> Operand {
    Operand::Const(Const::Int(value))
}
pub fn text(value: &str) -> Operand {
    Operand::Const(Const::Str(value.into()))
}
