//! Reads the text form of MIR that [`text`](super::text) describes. For tests and tools: the first mistake ends it.
//! Line breaks mean nothing, `;` between statements and `//` comments are skipped. Spans are positions in the text.

use super::lexer::{Spanned, Token, lex};
use super::text::{BINARY, UNARY};
use super::typing::place_ty;
use super::{
    Block, BlockId, Body, Callee, Check, Const, InstanceId, Intrinsic, Local, LocalDecl, Operand, Passing, Place,
    Program, Projection, Rvalue, SelectArm, SelectOtherwise, SpawnBody, SpawnKind, Statement, StatementKind,
    Terminator, TerminatorKind,
};
use crate::hir::FnId;
use crate::names::{Name, Names};
use crate::source::{FileId, Span};
use crate::types::number::Width;
use crate::types::traits::{Trait, TraitId};
use crate::types::ty::{Adt, AdtId, AdtKind, Field, Ty, TyCon, TyKind, Types, Variant};
use rustc_hash::FxHashMap;

/// A program and the tables it refers to.
pub struct Parsed {
    pub program: Program,
    pub types: Types,
    pub adts: Vec<Adt>,
    pub names: Names,
}

/// Bodies in the order of the text are the instances. The error is `line:column: message`.
pub fn parse_program(text: &str) -> Result<Parsed, String> {
    let tokens = lex(text).map_err(|(at, message)| locate(text, at, &message))?;
    let mut parser = Parser {
        tokens,
        at: 0,
        types: Types::default(),
        adts: Vec::new(),
        names: Names::default(),
        adt_ids: FxHashMap::default(),
        instances: FxHashMap::default(),
        ty_params: Vec::new(),
    };
    match parser.program() {
        Ok(program) => Ok(Parsed { program, types: parser.types, adts: parser.adts, names: parser.names }),
        Err(message) => {
            let at = parser.tokens.get(parser.at).map_or(text.len(), |t| t.1 as usize);
            Err(locate(text, at, &message))
        }
    }
}

fn locate(text: &str, at: usize, message: &str) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{line}:{column}: {message}")
}

type Parse<T> = Result<T, String>;

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    types: Types,
    adts: Vec<Adt>,
    names: Names,
    adt_ids: FxHashMap<String, AdtId>,
    instances: FxHashMap<String, InstanceId>,
    /// Parameters of the declaration being read.
    ty_params: Vec<Name>,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|t| &t.0)
    }

    fn peek_at(&self, n: usize) -> Option<&Token> {
        self.tokens.get(self.at + n).map(|t| &t.0)
    }

    fn offset(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |t| t.1)
    }

    fn span_from(&self, lo: u32) -> Span {
        let hi = self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(lo, |t| t.2);
        Span::new(FileId(0), lo, hi)
    }

    fn is_sign(&self, c: char) -> bool {
        self.peek() == Some(&Token::Sign(c))
    }

    fn take_sign(&mut self, c: char) -> bool {
        let found = self.is_sign(c);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, c: char) -> Parse<()> {
        if self.take_sign(c) { Ok(()) } else { Err(format!("expected `{c}`")) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(w)) if w == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Parse<String> {
        match self.peek() {
            Some(Token::Word(w)) => {
                let w = w.clone();
                self.at += 1;
                Ok(w)
            }
            _ => Err("expected a word".into()),
        }
    }

    fn arrow(&mut self) -> Parse<()> {
        if self.peek() == Some(&Token::Arrow) {
            self.at += 1;
            return Ok(());
        }
        Err("expected `->`".into())
    }

    fn number(&mut self) -> Parse<u32> {
        match self.peek() {
            Some(Token::Int(n)) if u32::try_from(*n).is_ok() => {
                let n = *n as u32;
                self.at += 1;
                Ok(n)
            }
            _ => Err("expected a number".into()),
        }
    }

    fn local(&mut self) -> Parse<Local> {
        match self.peek() {
            Some(Token::Local(n)) => {
                let n = *n;
                self.at += 1;
                Ok(Local(n))
            }
            _ => Err("expected a local".into()),
        }
    }

    fn block_id(&mut self) -> Parse<BlockId> {
        match self.peek() {
            Some(Token::Block(n)) => {
                let n = *n;
                self.at += 1;
                Ok(BlockId(n))
            }
            _ => Err("expected a block".into()),
        }
    }

    /// A plain or quoted name.
    fn name(&mut self) -> Parse<String> {
        match self.peek() {
            Some(Token::Word(w) | Token::Str(w)) => {
                let w = w.clone();
                self.at += 1;
                Ok(w)
            }
            _ => Err("expected a name".into()),
        }
    }

    fn list<T>(&mut self, close: char, mut item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = Vec::new();
        while !self.take_sign(close) {
            items.push(item(self)?);
            if !self.take_sign(',') && !self.is_sign(close) {
                return Err(format!("expected `,` or `{close}`"));
            }
        }
        Ok(items)
    }

    /// Names of types and bodies, so that they can be used before they are declared.
    fn collect_names(&mut self) {
        let mut depth = 0u32;
        let (mut adts, mut bodies) = (0, 0);
        for (index, (token, ..)) in self.tokens.iter().enumerate() {
            let name = match self.tokens.get(index + 1).map(|t| &t.0) {
                Some(Token::Word(w) | Token::Str(w)) => Some(w.clone()),
                _ => None,
            };
            match (token, name) {
                (Token::Sign('{'), _) => depth += 1,
                (Token::Sign('}'), _) => depth = depth.saturating_sub(1),
                (Token::Word(w), Some(name)) if depth == 0 && (w == "struct" || w == "enum") => {
                    self.adt_ids.entry(name).or_insert(AdtId(adts));
                    adts += 1;
                }
                (Token::Word(w), Some(name)) if depth == 0 && w == "fn" => {
                    self.instances.entry(name).or_insert(InstanceId(bodies));
                    bodies += 1;
                }
                _ => {}
            }
        }
    }

    fn program(&mut self) -> Parse<Program> {
        self.collect_names();
        let mut program = Program { instances: Vec::new(), main: InstanceId(0), own: Default::default() };
        while self.peek().is_some() {
            if self.is_word("struct") || self.is_word("enum") {
                let adt = self.adt()?;
                self.adts.push(adt);
                continue;
            }
            if self.take_word("entry") {
                program.main = InstanceId(program.instances.len() as u32);
            }
            let body = self.body()?;
            program.instances.push(body);
        }
        Ok(program)
    }

    fn adt(&mut self) -> Parse<Adt> {
        let lo = self.offset();
        let is_struct = self.word()? == "struct";
        let text = self.word()?;
        let name = self.names.intern(&text);
        if self.take_sign('<') {
            self.ty_params = self.list('>', |p| {
                let param = p.word()?;
                Ok(p.names.intern(&param))
            })?;
        }
        self.sign('{')?;
        let variants = if is_struct {
            let fields = self.list('}', Self::field)?;
            vec![Variant { name, span: self.span_from(lo), fields }]
        } else {
            self.list('}', |p| {
                let lo = p.offset();
                let variant = p.word()?;
                let name = p.names.intern(&variant);
                let fields = if p.take_sign('(') { p.list(')', Self::field)? } else { Vec::new() };
                Ok(Variant { name, span: p.span_from(lo), fields })
            })?
        };
        let kind = if is_struct { AdtKind::Struct } else { AdtKind::Enum };
        Ok(Adt { name, kind, span: self.span_from(lo), params: std::mem::take(&mut self.ty_params), variants })
    }

    fn field(&mut self) -> Parse<Field> {
        let lo = self.offset();
        let mut name = None;
        if self.peek_at(1) == Some(&Token::Sign(':')) {
            let text = self.word()?;
            name = Some(self.names.intern(&text));
            self.sign(':')?;
        }
        Ok(Field { name, ty: self.ty()?, span: self.span_from(lo) })
    }

    fn ty(&mut self) -> Parse<Ty> {
        if self.take_sign('?') {
            return Ok(Ty::ERROR);
        }
        if self.take_sign('(') {
            let mut comma = false;
            let mut items = Vec::new();
            while !self.take_sign(')') {
                items.push(self.ty()?);
                comma = self.take_sign(',');
                if !comma && !self.is_sign(')') {
                    return Err("expected `,` or `)`".into());
                }
            }
            // `() -> {` cannot be: a result type never starts with a brace.
            if self.peek() == Some(&Token::Arrow) {
                self.at += 1;
                let result = self.ty()?;
                return Ok(self.types.intern(TyKind::Fn(items.into(), result)));
            }
            return match items.as_slice() {
                [_] if !comma => Err("a tuple of one is written `(T,)`".into()),
                _ => Ok(self.types.tuple(&items)),
            };
        }
        let word = self.word()?;
        let con = match word.as_str() {
            "dyn" => {
                let of = self.trait_name()?;
                return Ok(self.types.intern(TyKind::Dyn(of)));
            }
            "never" => return Ok(Ty::NEVER),
            "Bool" => return Ok(Ty::BOOL),
            "Int" => return Ok(Ty::INT),
            "Float64" => return Ok(Ty::FLOAT),
            "Float32" => return Ok(Ty::FLOAT32),
            "String" => return Ok(Ty::STRING),
            word if let Some(width) = width(word) => return Ok(width.ty()),
            "List" => TyCon::List,
            "Channel" => TyCon::Channel,
            "Future" => TyCon::Future,
            _ => {
                let param = self.names.get(&word).and_then(|n| self.ty_params.iter().position(|p| *p == n));
                let numbered = || word.strip_prefix('T').and_then(|n| n.parse::<u32>().ok());
                match (param, self.adt_ids.get(&word)) {
                    (Some(n), _) => return Ok(self.types.intern(TyKind::Param(n as u32))),
                    (None, Some(id)) => TyCon::Adt(*id),
                    (None, None) => match numbered() {
                        Some(n) => return Ok(self.types.intern(TyKind::Param(n))),
                        None => {
                            self.at -= 1;
                            return Err(format!("unknown type `{word}`"));
                        }
                    },
                }
            }
        };
        let args = self.ty_args()?;
        Ok(self.types.app(con, &args))
    }

    /// A trait is declared by being named: of a table, bodies say all that matters.
    fn trait_name(&mut self) -> Parse<TraitId> {
        let lo = self.offset();
        let text = self.word()?;
        let name = self.names.intern(&text);
        let traits = &mut self.types.traits.traits;
        if let Some(known) = traits.iter().position(|t| t.name == name) {
            return Ok(TraitId(known as u32));
        }
        let span = self.span_from(lo);
        let traits = &mut self.types.traits.traits;
        traits.push(Trait {
            name,
            span,
            assoc: Vec::new(),
            methods: Vec::new(),
            table: Vec::new(),
            not_dyn: None,
            promises: None,
            has_static: false,
        });
        Ok(TraitId(traits.len() as u32 - 1))
    }

    fn ty_args(&mut self) -> Parse<Vec<Ty>> {
        if self.take_sign('<') { self.list('>', Self::ty) } else { Ok(Vec::new()) }
    }

    fn decl(&mut self, expected: u32) -> Parse<LocalDecl> {
        let lo = self.offset();
        let passing = match () {
            () if self.take_word("ref") => Passing::Borrowed,
            () if self.take_word("mut") => Passing::ByRef,
            () => Passing::Owned,
        };
        if self.local()? != Local(expected) {
            self.at -= 1;
            return Err(format!("expected _{expected}: locals are declared in order"));
        }
        let mut name = None;
        if self.take_sign('(') {
            let text = self.name()?;
            name = Some(self.names.intern(&text));
            self.sign(')')?;
        }
        self.sign(':')?;
        let ty = self.ty()?;
        Ok(LocalDecl { ty, name, span: self.span_from(lo), passing })
    }

    fn body(&mut self) -> Parse<Body> {
        let lo = self.offset();
        if !self.take_word("fn") {
            return Err("expected `fn`, `struct` or `enum`".into());
        }
        let name = self.name()?;
        let generics = if self.take_sign('<') {
            let n = self.number()?;
            self.sign('>')?;
            n
        } else {
            0
        };
        self.sign('(')?;
        let mut next = 0;
        let params = self.list(')', |p| {
            next += 1;
            p.decl(next)
        })?;
        self.arrow()?;
        let result_at = self.offset();
        let result = self.ty()?;
        let result = LocalDecl { ty: result, name: None, span: self.span_from(result_at), passing: Passing::Owned };
        let count = params.len() as u32;
        let mut body = Body {
            name,
            span: self.span_from(lo),
            generics,
            params: count,
            locals: [result].into_iter().chain(params).collect(),
            blocks: Vec::new(),
            spawned: Vec::new(),
            uses: Vec::new(),
        };
        self.sign('{')?;
        while self.take_word("let") {
            let decl = self.decl(body.locals.len() as u32)?;
            body.locals.push(decl);
        }
        while matches!(self.peek(), Some(Token::Block(_))) {
            if self.block_id()? != BlockId(body.blocks.len() as u32) {
                self.at -= 1;
                return Err(format!("expected bb{}: blocks stand in order", body.blocks.len()));
            }
            let cleanup = self.take_word("cleanup");
            self.sign(':')?;
            self.sign('{')?;
            let block = self.block(&body, cleanup)?;
            self.sign('}')?;
            body.blocks.push(block);
        }
        while self.take_word("spawned") {
            let spawned = self.body()?;
            body.spawned.push(spawned);
        }
        self.sign('}')?;
        Ok(body)
    }

    fn block(&mut self, body: &Body, cleanup: bool) -> Parse<Block> {
        let mut statements = Vec::new();
        loop {
            let lo = self.offset();
            let kind = if self.take_word("drop") {
                StatementKind::Drop(self.place(body)?)
            } else if matches!(self.peek(), Some(Token::Local(_))) {
                let place = self.place(body)?;
                self.sign('=')?;
                StatementKind::Assign(place, self.rvalue(body)?)
            } else {
                let kind = self.terminator(body)?;
                return Ok(Block { statements, terminator: Terminator { kind, span: self.span_from(lo) }, cleanup });
            };
            statements.push(Statement { kind, span: self.span_from(lo) });
        }
    }

    fn place(&mut self, body: &Body) -> Parse<Place> {
        let mut place = Place::local(self.local()?);
        if place.local.0 as usize >= body.locals.len() {
            self.at -= 1;
            return Err(format!("_{} is not declared", place.local.0));
        }
        loop {
            match self.peek() {
                Some(Token::Field(n)) => {
                    let n = *n;
                    self.at += 1;
                    place.projection.push(Projection::Field(n));
                }
                Some(Token::Sign('@')) => {
                    self.at += 1;
                    let variant = match self.peek() {
                        Some(Token::Int(_)) => self.number()?,
                        _ => {
                            let word = self.word()?;
                            self.variant_of(body, &place, &word).ok_or_else(|| format!("no variant `{word}` here"))?
                        }
                    };
                    place.projection.push(Projection::Variant(variant));
                }
                // `[return bb1]` after a destination is not an index.
                Some(Token::Sign('[')) if matches!(self.peek_at(1), Some(Token::Local(_))) => {
                    self.at += 1;
                    let index = self.local()?;
                    self.sign(']')?;
                    place.projection.push(Projection::Index(index));
                }
                _ => return Ok(place),
            }
        }
    }

    fn variant_of(&mut self, body: &Body, place: &Place, word: &str) -> Option<u32> {
        let ty = place_ty(body, place, &mut self.types, &self.adts)?;
        let TyKind::App(TyCon::Adt(id), _) = self.types.kind(ty) else { return None };
        let name = self.names.get(word)?;
        self.adts[id.0 as usize].variants.iter().position(|v| v.name == name).map(|v| v as u32)
    }

    fn operand(&mut self, body: &Body) -> Parse<Operand> {
        let make = match self.peek() {
            Some(Token::Word(w)) => match w.as_str() {
                "copy" => Operand::Copy,
                "move" => Operand::Move,
                "borrow" => Operand::Borrow,
                "mut" => Operand::Mut,
                _ => return Ok(Operand::Const(self.constant()?)),
            },
            _ => return Ok(Operand::Const(self.constant()?)),
        };
        self.at += 1;
        Ok(make(self.place(body)?))
    }

    fn constant(&mut self) -> Parse<Const> {
        let value = match self.peek() {
            Some(Token::Int(n)) => Const::Int(*n),
            Some(Token::Float(x)) => Const::Float(*x),
            Some(Token::Str(s)) => Const::Str(s.as_str().into()),
            Some(Token::Word(w)) if w == "true" || w == "false" => Const::Bool(w == "true"),
            Some(Token::Sign('(')) => {
                self.at += 1;
                self.sign(')')?;
                return Ok(Const::Unit);
            }
            Some(Token::Word(w)) if w == "float" => {
                self.at += 1;
                self.sign('(')?;
                // Infinities and NaNs are written as their bits.
                let Some(Token::Int(bits)) = self.peek() else { return Err("expected bits".into()) };
                let bits = *bits as u64;
                self.at += 1;
                self.sign(')')?;
                return Ok(Const::Float(f64::from_bits(bits)));
            }
            Some(Token::Word(w)) if w == "Float32" || width(w).is_some() => {
                let width = width(w);
                self.at += 1;
                self.sign('(')?;
                let Some(Token::Int(bits)) = self.peek() else { return Err("expected a number".into()) };
                let bits = *bits;
                self.at += 1;
                self.sign(')')?;
                return Ok(match width {
                    Some(width) => Const::Fixed(width, bits),
                    None => Const::Float32(f32::from_bits(bits as u32)),
                });
            }
            _ => return Err("expected an operand".into()),
        };
        self.at += 1;
        Ok(value)
    }

    fn operands(&mut self, body: &Body) -> Parse<Vec<Operand>> {
        self.sign('(')?;
        self.list(')', |p| p.operand(body))
    }

    fn two(&mut self, body: &Body) -> Parse<(Operand, Operand)> {
        let [a, b] = <[Operand; 2]>::try_from(self.operands(body)?).map_err(|_| "expected two operands")?;
        Ok((a, b))
    }

    fn rvalue(&mut self, body: &Body) -> Parse<Rvalue> {
        let word = match self.peek() {
            Some(Token::Word(w)) => w.clone(),
            _ => return Ok(Rvalue::Use(self.operand(body)?)),
        };
        if let Some((op, _)) = BINARY.iter().find(|(_, n)| *n == word) {
            self.at += 1;
            let (a, b) = self.two(body)?;
            return Ok(Rvalue::Binary(*op, a, b));
        }
        if let Some((op, _)) = UNARY.iter().find(|(_, n)| *n == word) {
            self.at += 1;
            let [a] = <[Operand; 1]>::try_from(self.operands(body)?).map_err(|_| "expected one operand")?;
            return Ok(Rvalue::Unary(*op, a));
        }
        match word.as_str() {
            "copy" | "move" | "borrow" | "mut" | "true" | "false" | "float" => Ok(Rvalue::Use(self.operand(body)?)),
            "tuple" => {
                self.at += 1;
                Ok(Rvalue::Tuple(self.operands(body)?))
            }
            "discriminant" | "len" => {
                self.at += 1;
                self.sign('(')?;
                let place = self.place(body)?;
                self.sign(')')?;
                Ok(if word == "len" { Rvalue::ListLen(place) } else { Rvalue::Discriminant(place) })
            }
            _ => {
                let adt = *self.adt_ids.get(&word).ok_or_else(|| format!("unknown operation `{word}`"))?;
                self.at += 1;
                let mut variant = 0;
                if self.peek() == Some(&Token::Path) {
                    self.at += 1;
                    let text = self.word()?;
                    let name = self.names.get(&text);
                    let declared = self.adts.get(adt.0 as usize).ok_or("types are declared before bodies")?;
                    let found = declared.variants.iter().position(|v| Some(v.name) == name);
                    variant = found.ok_or_else(|| format!("no variant `{text}`"))? as u32;
                }
                let fields = if self.is_sign('(') { self.operands(body)? } else { Vec::new() };
                Ok(Rvalue::Construct { adt, variant, fields })
            }
        }
    }

    fn instance(&mut self) -> Parse<InstanceId> {
        if matches!(self.peek(), Some(Token::Int(_))) {
            return Ok(InstanceId(self.number()?));
        }
        let name = self.name()?;
        self.instances.get(&name).copied().ok_or_else(|| {
            self.at -= 1;
            format!("no body `{name}`")
        })
    }

    fn ways(&mut self) -> Parse<(Option<BlockId>, Option<BlockId>)> {
        let (mut target, mut unwind) = (None, None);
        if self.take_sign('[') {
            self.list(']', |p| {
                match p.word()?.as_str() {
                    "return" => target = Some(p.block_id()?),
                    "unwind" => unwind = Some(p.block_id()?),
                    _ => return Err("expected `return` or `unwind`".into()),
                }
                Ok(())
            })?;
        }
        Ok((target, unwind))
    }

    fn way(&mut self) -> Parse<BlockId> {
        self.sign('[')?;
        let target = self.block_id()?;
        self.sign(']')?;
        Ok(target)
    }

    fn numbered(&mut self) -> Parse<u32> {
        self.sign('#')?;
        self.number()
    }

    fn spawn_body(&mut self) -> Parse<SpawnBody> {
        if self.take_sign('@') {
            Ok(SpawnBody::Instance(self.instance()?))
        } else if self.take_word("fn") {
            let id = FnId(self.numbered()?);
            Ok(SpawnBody::Function(id, self.ty_args()?))
        } else if self.take_word("spawned") {
            Ok(SpawnBody::Local(self.numbered()?))
        } else {
            Err("expected a body".into())
        }
    }

    fn terminator(&mut self, body: &Body) -> Parse<TerminatorKind> {
        let word = self.word()?;
        let no_target = "expected `[return …]`";
        match word.as_str() {
            "goto" => Ok(TerminatorKind::Goto(self.block_id()?)),
            "return" => Ok(TerminatorKind::Return),
            "unreachable" => Ok(TerminatorKind::Unreachable),
            "resume" => Ok(TerminatorKind::Resume),
            "switch" => {
                let value = self.operand(body)?;
                self.sign('[')?;
                let mut targets = Vec::new();
                while let Some(Token::Int(n)) = self.peek() {
                    let n = *n;
                    self.at += 1;
                    self.sign(':')?;
                    targets.push((n, self.block_id()?));
                    self.take_sign(',');
                }
                if !self.take_word("else") {
                    return Err("expected `else`".into());
                }
                let otherwise = self.block_id()?;
                self.sign(']')?;
                Ok(TerminatorKind::Switch { value, targets, otherwise })
            }
            "call" => {
                let callee = if self.take_sign('@') {
                    Callee::Instance(self.instance()?)
                } else if self.take_word("fn") {
                    let id = FnId(self.numbered()?);
                    Callee::Function(id, self.ty_args()?)
                } else if self.take_word("value") {
                    Callee::Value
                } else if self.take_word("dyn") {
                    let of = self.trait_name()?;
                    let [ty] = self.ty_args()?[..] else { return Err("expected one type".into()) };
                    self.sign('[')?;
                    let methods = self.list(']', |p| {
                        p.sign('@')?;
                        p.instance()
                    })?;
                    Callee::Dyn { of, ty, methods }
                } else if self.take_word("method") {
                    let slot = self.numbered()?;
                    let letters = self.word()?;
                    let passing = letters.chars().map(|c| match c {
                        'o' => Ok(Passing::Owned),
                        'b' => Ok(Passing::Borrowed),
                        'm' => Ok(Passing::ByRef),
                        _ => Err("expected letters of `o`, `b` and `m`".to_owned()),
                    });
                    Callee::Method { slot, passing: passing.collect::<Parse<_>>()? }
                } else if self.take_word("closure") {
                    Callee::Closure(self.spawn_body()?)
                } else {
                    let name = self.word()?;
                    let op = Intrinsic::from_name(&name).ok_or_else(|| {
                        self.at -= 1;
                        format!("no operation `{name}`")
                    })?;
                    Callee::Intrinsic(op, self.ty_args()?)
                };
                let args = self.operands(body)?;
                self.arrow()?;
                let dest = self.place(body)?;
                let (target, unwind) = self.ways()?;
                Ok(TerminatorKind::Call { callee, args, dest, target, unwind })
            }
            "check" => {
                let name = self.word()?;
                let (a, b) = self.two(body)?;
                let check = match name.as_str() {
                    "index" => Check::Index { index: a, len: b },
                    "division" => Check::Division { dividend: a, divisor: b },
                    _ => return Err(format!("no check `{name}`")),
                };
                let (target, unwind) = self.ways()?;
                Ok(TerminatorKind::Check { check, target: target.ok_or(no_target)?, unwind })
            }
            "spawn" => {
                let kind = match self.word()?.as_str() {
                    "future" => SpawnKind::Future,
                    "detached" => SpawnKind::Detached,
                    "parallel" => {
                        self.sign('(')?;
                        let scope = self.operand(body)?;
                        self.sign(')')?;
                        SpawnKind::Parallel(scope)
                    }
                    _ => return Err("expected `future`, `detached` or `parallel`".into()),
                };
                let result = self.ty()?;
                let spawned = self.spawn_body()?;
                let captures = self.operands(body)?;
                self.arrow()?;
                let dest = self.place(body)?;
                let target = self.ways()?.0.ok_or(no_target)?;
                Ok(TerminatorKind::Spawn { body: spawned, captures, kind, result, dest, target })
            }
            "select" => {
                self.sign('{')?;
                let mut arms = Vec::new();
                let mut otherwise = SelectOtherwise::Wait;
                while !self.take_sign('}') {
                    match self.word()?.as_str() {
                        "recv" => {
                            let channel = self.operand(body)?;
                            self.arrow()?;
                            let into = self.local()?;
                            arms.push(SelectArm::Recv { channel, into, target: self.way()? });
                        }
                        "send" => {
                            let channel = self.operand(body)?;
                            self.sign(',')?;
                            let value = self.operand(body)?;
                            arms.push(SelectArm::Send { channel, value, target: self.way()? });
                        }
                        "default" => otherwise = SelectOtherwise::Default(self.way()?),
                        "timeout" => {
                            let time = self.operand(body)?;
                            otherwise = SelectOtherwise::Timeout(time, self.way()?);
                        }
                        _ => return Err("expected an arm of the select".into()),
                    }
                }
                let unwind = self.ways()?.1;
                Ok(TerminatorKind::Select { arms, otherwise, unwind })
            }
            _ => {
                self.at -= 1;
                Err(format!("no statement or terminator `{word}`"))
            }
        }
    }
}

fn width(name: &str) -> Option<Width> {
    Width::ALL.into_iter().find(|w| w.name() == name)
}
