//! The syntax tree: 24-byte `Copy` nodes in one vector, 8-byte spans beside them, lists of ids in one pool.
//! Depth costs nothing to build or drop. Names are interned per session. Literals keep their text: read it
//! through the span.

use crate::names::Name;
use crate::source::{FileId, Span};

/// Index of a node. The owner's documentation says which kinds of node can stand there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Id(pub u32);

impl Id {
    /// An optional child that is absent.
    pub const NONE: Id = Id(u32::MAX);

    pub fn some(self) -> Option<Id> {
        (self != Id::NONE).then_some(self)
    }
}

/// A run of ids in the pool.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct List {
    pub at: u32,
    pub len: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinOp {
    Coalesce,
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    BitOr,
    BitXor,
    BitAnd,
    Shl,
    Shr,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnOp {
    Not,
    Neg,
    BitNot,
}

/// How a parameter is passed, as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing written.
    Default,
    Own,
    Ref,
    Mut,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Node {
    /// What recovery put in place of something broken; already reported. It can stand for a statement, item, arm,
    /// field, parameter or any expression.
    Error,

    // ---- expressions
    /// Literals: the text is under the span.
    Int,
    Float,
    /// `"…"` or `"""…"""`, quotes included in the span.
    Str,
    Bool(bool),
    Unit,
    SelfValue,
    /// `f"…"`: parts are `Text` (raw, escapes not yet processed), `Hole` or `Error`.
    FString(List),
    Text,
    /// Expression, and the span of the format after `:` as a `Text` node (or NONE).
    Hole(Id, Id),
    /// A plain name.
    Path(Name),
    /// `a::b` (also `a.b` in imports and types).
    Member(Id, Name),
    /// `path::<types>`
    Turbofish(Id, List),
    /// Path, fields (`FieldInit`; shorthand `x` has NONE as value).
    StructLit(Id, List),
    FieldInit(Name, Id),
    Bin(BinOp, Id, Id),
    Un(UnOp, Id),
    Range(Id, Id),
    RangeInclusive(Id, Id),
    Call(Id, List),
    Field(Id, Name),
    OptField(Id, Name),
    TupleField(Id, u32),
    Await(Id),
    Try(Id),
    /// Expression, variant path.
    Is(Id, Id),
    Index(Id, Id),
    Paren(Id),
    Tuple(List),
    ListLit(List),
    /// Statements. The last one is the value if it is an expression.
    Block(List),
    Spawn(Id),
    /// Parameters (`Typed`), result type or NONE, body.
    Closure(List, Id, Id),
    /// Condition (expression or `LetCond`), block, else (`If` or `Block`) or NONE.
    If(Id, Id, Id),
    LetCond(Id, Id),
    Match(Id, List),
    /// Pattern (or `Guard`), body (expression or a jump or assignment).
    Arm(Id, Id),
    Guard(Id, Id),

    // ---- statements (expressions are statements too)
    /// Mutable, pattern (or `Typed`), initializer.
    Let(bool, Id, Id),
    /// Pattern or name, type (NONE in a closure parameter without one).
    Typed(Id, Id),
    /// Operator of a compound assignment, target, value.
    Assign(Option<BinOp>, Id, Id),
    Return(Id),
    Break,
    Continue,
    While(Id, Id),
    /// Pattern, iterated expression, block.
    For(Id, Id, Id),
    Parallel(Id),
    /// Arms: `SelectRecv`, `SelectOther` or `Error`.
    Select(List),
    /// Channel expression, parameter (`Typed`), block.
    SelectRecv(Id, Id, Id),
    /// `default`, `timeout(ms)` or `send(ch, v)` as an expression, block.
    SelectOther(Id, Id),
    /// Parameters, block.
    Forall(List, Id),

    // ---- patterns (`Int`, `Float`, `Str`, `Bool`, `Path`, `Member` also stand as patterns)
    Wild,
    NegLit(Id),
    Ctor(Id, List),
    TuplePat(List),
    /// Path, fields (`FieldInit` of name and pattern; NONE for shorthand).
    StructPat(Id, List),
    /// `name @ pattern`
    Bind(Name, Id),
    OrPat(List),
    /// `a..=b`
    RangePat(Id, Id),

    // ---- types
    NamedType(Id, List),
    OptType(Id),
    DynType(Id),
    TupleType(List),
    FnType(List, Id),

    // ---- items
    /// Name, items (`Meta` and imports among them).
    Module(Name, List),
    /// Entries: `FieldInit(name, Str)`.
    Meta(List),
    /// Path, selected names (`Path` nodes).
    Import(Id, List),
    /// Signature, body block or NONE.
    Fn(Id, Id),
    /// Name, `SigRest`.
    Sig(Name, Id),
    /// Parameters (`Param`, `SelfParam` or `Error`), result type or NONE, contracts.
    SigRest(List, Id, List),
    Param(Name, Id, Mode),
    SelfParam(Mode),
    Requires(Id),
    Ensures(Id),
    /// Generic parameter: name, bounds (paths).
    Generic(Name, List),
    /// Generic parameters and the item (`Sig`, `Struct`, `Enum`, `Trait`, `Impl`) they belong to.
    Generics(List, Id),
    /// `async fn` around an `Fn`.
    Async(Id),
    Struct(Name, List),
    Enum(Name, List),
    Variant(Name, List),
    Trait(Name, List),
    /// Inherent: type, NONE, items. Of a trait: trait (as a type), type, items.
    Impl(Id, Id, List),
    Alias(Name, Id, Id),
    /// Associated type declared in a trait: name, bounds.
    AssocType(Name, List),
    Actor(Name, List),
    Intent(Name, List),
    Invariant(Id),
    /// Name literal, block.
    Test(Id, Id),
    /// Name literal, items.
    Describe(Id, List),
    Setup(Id),
    Teardown(Id),
    /// `@name(args)`: args are expressions or `FieldInit`.
    Annotation(Name, List),
    Attrs(List, Id),
    Pub(Id),
}

const _: () = assert!(std::mem::size_of::<Node>() <= 24);

/// One parsed file.
pub struct Ast {
    pub file: FileId,
    nodes: Vec<Node>,
    spans: Vec<(u32, u32)>,
    pool: Vec<Id>,
    /// Top-level items and statements.
    pub roots: Vec<Id>,
}

impl Ast {
    pub fn new(file: FileId, text_len: usize) -> Ast {
        Ast {
            file,
            nodes: Vec::with_capacity(text_len / 6),
            spans: Vec::with_capacity(text_len / 6),
            pool: Vec::with_capacity(text_len / 10),
            roots: Vec::new(),
        }
    }

    pub fn add(&mut self, lo: u32, node: Node, hi: u32) -> Id {
        self.nodes.push(node);
        self.spans.push((lo, hi));
        Id(self.nodes.len() as u32 - 1)
    }

    pub fn add_list(&mut self, ids: &[Id]) -> List {
        let at = self.pool.len() as u32;
        self.pool.extend_from_slice(ids);
        List { at, len: ids.len() as u32 }
    }

    /// Replaces every name in the tree.
    pub fn map_names(&mut self, f: impl Fn(Name) -> Name) {
        use Node::*;
        for node in &mut self.nodes {
            match node {
                Path(name)
                | Member(_, name)
                | FieldInit(name, _)
                | Field(_, name)
                | OptField(_, name)
                | Bind(name, _)
                | Module(name, _)
                | Sig(name, _)
                | Param(name, ..)
                | Generic(name, _)
                | Struct(name, _)
                | Enum(name, _)
                | Variant(name, _)
                | Trait(name, _)
                | Alias(name, ..)
                | AssocType(name, _)
                | Actor(name, _)
                | Intent(name, _)
                | Annotation(name, _) => *name = f(*name),
                Error | Int | Float | Str | Bool(..) | Unit | SelfValue | FString(..) | Text | Hole(..)
                | Turbofish(..) | StructLit(..) | Bin(..) | Un(..) | Range(..) | RangeInclusive(..) | Call(..)
                | TupleField(..) | Await(..) | Try(..) | Is(..) | Index(..) | Paren(..) | Tuple(..) | ListLit(..)
                | Block(..) | Spawn(..) | Closure(..) | If(..) | LetCond(..) | Match(..) | Arm(..) | Guard(..)
                | Let(..) | Typed(..) | Assign(..) | Return(..) | Break | Continue | While(..) | For(..)
                | Parallel(..) | Select(..) | SelectRecv(..) | SelectOther(..) | Forall(..) | Wild | NegLit(..)
                | Ctor(..) | TuplePat(..) | StructPat(..) | OrPat(..) | RangePat(..) | NamedType(..) | OptType(..)
                | DynType(..) | TupleType(..) | FnType(..) | Meta(..) | Import(..) | Fn(..) | SigRest(..)
                | SelfParam(..) | Requires(..) | Ensures(..) | Generics(..) | Async(..) | Impl(..) | Invariant(..)
                | Test(..) | Describe(..) | Setup(..) | Teardown(..) | Attrs(..) | Pub(..) => {}
            }
        }
    }

    pub fn node(&self, id: Id) -> Node {
        self.nodes[id.0 as usize]
    }

    pub fn span(&self, id: Id) -> Span {
        let (lo, hi) = self.spans[id.0 as usize];
        Span::new(self.file, lo, hi)
    }

    /// The size of the tree, for [`reset`](Ast::reset).
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.nodes.len(), self.pool.len())
    }

    /// Forgets what was added since the mark: a parse that failed.
    pub(super) fn reset(&mut self, (nodes, pool): (usize, usize)) {
        self.nodes.truncate(nodes);
        self.spans.truncate(nodes);
        self.pool.truncate(pool);
    }

    /// Puts a copy of a node in place of another one.
    pub(super) fn put(&mut self, at: Id, from: Id) {
        self.nodes[at.0 as usize] = self.nodes[from.0 as usize];
        self.spans[at.0 as usize] = self.spans[from.0 as usize];
    }

    pub fn list(&self, list: List) -> &[Id] {
        &self.pool[list.at as usize..(list.at + list.len) as usize]
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
