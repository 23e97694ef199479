//! What types do when values are copied, dropped and sent away: functions made once per type, on demand.
//!
//! ```text
//!   Copy(T) Drop(T) Share(T)      at an address; what the runtime gets in the TypeInfo
//!     └─ fields, variants ─▶ Retain / Release…  of the handle
//!          count > 0   plain arithmetic, inlined
//!          count = 0   static: nothing
//!          count < 0   atomic, out of line
//! ```
//!
//! Bodies are made from a list of what is still to do, so a type that reaches itself through a list needs no
//! recursion here. Nothing here decides *whether* to count: that is MIR's business.
//!
//! # Orderings of shared counts
//!
//! A retain is relaxed: the thread holds a handle already. A release is a `Release`, and the thread that takes the last
//! handle away acquires before it frees, so that it sees every write made under the other handles.

use crate::builder::{Build, Tag, attribute};
use crate::context::{Cx, call_symbol};
use crate::layout::{Scalar, Shape};
use crate::runtime::Symbol;
use crate::runtime::abi::BUFFER_DATA_OFFSET;
use crate::safepoint::NO_POLL;
use inkwell::attributes::AttributeLoc;
use inkwell::values::{BasicValueEnum, FunctionValue, IntValue, PointerValue};
use inkwell::{AtomicOrdering, AtomicRMWBinOp, IntPredicate};
use kodo_frontend::types::ty::Ty;
use rustc_hash::FxHashSet;

pub(crate) const DATA: u64 = BUFFER_DATA_OFFSET as u64;
pub(crate) const LEN: u64 = 8;
const CAPACITY: u64 = 16;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Glue {
    /// Of a value at an address. C calling convention: the runtime calls them too.
    Copy(Ty),
    Drop(Ty),
    Share(Ty),
    /// Of the handle of a buffer.
    Retain,
    RetainShared,
    ReleaseString,
    ReleaseStringRare,
    ShareString,
    /// Of a function value.
    ReleaseClosure,
    ReleaseClosureRare,
    /// Of the handle of a list with these elements.
    ReleaseList(Ty),
    ReleaseListRare(Ty),
    ShareList(Ty),
    /// Of the handle (or null) of an enum whose payload is a handle of this type.
    CopyNiche(Ty),
    DropNiche(Ty),
    /// Append to a list; the handle in, the handle out.
    Push(Ty),
    PushSlow(Ty),
    /// Make a list's buffer the only handle's; the handle in, the handle out.
    UniqueSlow(Ty),
    /// Copy the element of a list of one to an address, and release the list; the handle and the address in.
    TakeSlow(Ty),
    /// What is left to do with a buffer whose elements may lead to more buffers of its kind; the runtime calls them, one
    /// after the other, so that no depth of values needs a depth of stack.
    DropElements(Ty),
    ShareElements(Ty),
    /// Of two values at addresses: are they equal, how are they ordered; see `structural`.
    Equal(Ty),
    Compare(Ty),
    /// Of a value at an address and the hash so far.
    Hash(Ty),
}

/// What a counted object holds, to be freed with it.
enum Holds {
    Bytes,
    Elements(Ty),
    Captures,
}

/// How eager LLVM should be to inline a piece of glue.
enum Inline {
    Always,
    Never,
    AsItSees,
}

impl<'c> Cx<'_, 'c> {
    pub(crate) fn glue(&mut self, glue: Glue) -> FunctionValue<'c> {
        if let Some(&known) = self.glue.get(&glue) {
            return known;
        }
        let ptr: inkwell::types::BasicTypeEnum<'c> = self.ptr().into();
        let int = self.context.i64_type().into();
        let (name, ty, inline) = match glue {
            Glue::Copy(ty) => (format!("copy {}", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::AsItSees),
            Glue::Drop(ty) => (format!("drop {}", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::AsItSees),
            Glue::Share(ty) => {
                (format!("share {}", self.type_name(ty)), self.fn_type(None, &[ptr, int]), Inline::AsItSees)
            }
            Glue::Retain => ("retain".into(), self.fn_type(None, &[ptr]), Inline::Always),
            Glue::RetainShared => ("retain shared".into(), self.fn_type(None, &[ptr]), Inline::Never),
            Glue::ReleaseString => ("release String".into(), self.fn_type(None, &[ptr]), Inline::Always),
            Glue::ReleaseStringRare => ("release String last".into(), self.fn_type(None, &[ptr]), Inline::Never),
            Glue::ReleaseClosure => ("release closure".into(), self.fn_type(None, &[ptr]), Inline::Always),
            Glue::ReleaseClosureRare => ("release closure last".into(), self.fn_type(None, &[ptr]), Inline::Never),
            Glue::ShareString => ("share buffer".into(), self.fn_type(None, &[ptr, int]), Inline::AsItSees),
            Glue::ReleaseList(ty) => {
                (format!("release List<{}>", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::Always)
            }
            Glue::ReleaseListRare(ty) => {
                (format!("release List<{}> last", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::Never)
            }
            Glue::ShareList(ty) => {
                (format!("share buffer List<{}>", self.type_name(ty)), self.fn_type(None, &[ptr, int]), Inline::Never)
            }
            Glue::CopyNiche(ty) => {
                (format!("copy if {}", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::AsItSees)
            }
            Glue::DropNiche(ty) => {
                (format!("drop if {}", self.type_name(ty)), self.fn_type(None, &[ptr]), Inline::AsItSees)
            }
            Glue::Push(ty) | Glue::PushSlow(ty) => {
                let value = self.pushed(ty);
                let mut params = vec![ptr];
                params.extend(value);
                let (name, inline) = match glue {
                    Glue::Push(_) => ("push", Inline::Always),
                    _ => ("push slow", Inline::Never),
                };
                (format!("{name} List<{}>", self.type_name(ty)), self.fn_type(Some(ptr), &params), inline)
            }
            Glue::UniqueSlow(ty) => {
                (format!("make unique List<{}>", self.type_name(ty)), self.fn_type(Some(ptr), &[ptr]), Inline::Never)
            }
            Glue::TakeSlow(ty) => {
                (format!("take List<{}>", self.type_name(ty)), self.fn_type(None, &[ptr, ptr]), Inline::Never)
            }
            Glue::DropElements(ty) => {
                (format!("drop elements List<{}>", self.type_name(ty)), self.fn_type(None, &[ptr, int]), Inline::Never)
            }
            Glue::ShareElements(ty) => {
                (format!("share elements List<{}>", self.type_name(ty)), self.fn_type(None, &[ptr, int]), Inline::Never)
            }
            Glue::Equal(ty) => {
                let bit = self.context.bool_type().into();
                (format!("equal {}", self.type_name(ty)), self.fn_type(Some(bit), &[ptr, ptr]), Inline::AsItSees)
            }
            Glue::Compare(ty) => {
                (format!("compare {}", self.type_name(ty)), self.fn_type(Some(int), &[ptr, ptr]), Inline::AsItSees)
            }
            Glue::Hash(ty) => {
                (format!("hash {}", self.type_name(ty)), self.fn_type(Some(int), &[ptr, int]), Inline::AsItSees)
            }
        };
        let name = format!("ko.{name}");
        let function = match glue {
            Glue::Copy(_) | Glue::Drop(_) | Glue::Share(_) | Glue::DropElements(_) | Glue::ShareElements(_) => {
                self.define(&name, ty, inkwell::module::Linkage::Internal, 0)
            }
            _ => self.define_internal(&name, ty),
        };
        let function_level = |name| attribute(self.context, function, AttributeLoc::Function, name, 0);
        match inline {
            Inline::Always => function_level("alwaysinline"),
            Inline::Never => function_level("noinline"),
            Inline::AsItSees => {}
        }
        if matches!(glue, Glue::RetainShared | Glue::UniqueSlow(_) | Glue::PushSlow(_) | Glue::TakeSlow(_)) {
            function_level("cold");
        }
        attribute(self.context, function, AttributeLoc::Param(0), "noundef", 0);
        // The runtime calls glue while it holds the lock of a channel; a thread that yields there would keep the lock.
        // Comparing is never asked for by the runtime, and may take long.
        if !matches!(glue, Glue::Equal(_) | Glue::Compare(_) | Glue::Hash(_)) {
            function.add_attribute(AttributeLoc::Function, self.context.create_string_attribute(NO_POLL, ""));
        }
        self.glue.insert(glue, function);
        self.glue_todo.push(glue);
        function
    }

    /// Makes the bodies of all glue asked for so far, and of what they ask for.
    pub(crate) fn finish_glue(&mut self) {
        while let Some(glue) = self.glue_todo.pop() {
            let function = self.glue[&glue];
            let build = self.build(function);
            let first = function.get_nth_param(0).expect("glue takes what it works on").into_pointer_value();
            let second = function.get_nth_param(1);
            match glue {
                Glue::Copy(ty) => self.at_address(&build, Counting::Copy, first, ty),
                Glue::Drop(ty) => self.at_address(&build, Counting::Drop, first, ty),
                Glue::Share(ty) => {
                    let all = second.expect("share takes a depth").into_int_value();
                    self.at_address(&build, Counting::Share(all), first, ty);
                }
                Glue::Retain => self.retain(&build, first),
                Glue::RetainShared => {
                    build.atomic(AtomicRMWBinOp::Sub, first, 1, AtomicOrdering::Monotonic);
                    build.ret(None);
                }
                Glue::ReleaseString => self.release(&build, first, Glue::ReleaseStringRare),
                Glue::ReleaseList(ty) => self.release(&build, first, Glue::ReleaseListRare(ty)),
                Glue::ReleaseClosure => self.release(&build, first, Glue::ReleaseClosureRare),
                Glue::ReleaseStringRare => self.release_rare(&build, first, Holds::Bytes),
                Glue::ReleaseListRare(ty) => self.release_rare(&build, first, Holds::Elements(ty)),
                Glue::ReleaseClosureRare => self.release_rare(&build, first, Holds::Captures),
                Glue::ShareString => {
                    self.share_buffer(&build, first, second.expect("share takes a depth").into_int_value(), None);
                }
                Glue::ShareList(ty) => {
                    self.share_buffer(&build, first, second.expect("share takes a depth").into_int_value(), Some(ty));
                }
                Glue::CopyNiche(ty) => self.if_not_null(&build, Counting::Copy, first, ty),
                Glue::DropNiche(ty) => self.if_not_null(&build, Counting::Drop, first, ty),
                Glue::DropElements(ty) => {
                    self.each(&build, Counting::Drop, first, ty);
                    call_symbol(self, &build, Symbol::kodo_mem_free, &[first.into()]);
                    build.ret(None);
                }
                Glue::ShareElements(ty) => {
                    let all = second.expect("share takes a depth").into_int_value();
                    self.each(&build, Counting::Share(all), first, ty);
                    build.ret(None);
                }
                Glue::Equal(ty) | Glue::Compare(ty) => {
                    let other = second.expect("two values are compared").into_pointer_value();
                    if matches!(glue, Glue::Equal(_)) {
                        self.equal(&build, first, other, ty);
                    } else {
                        self.compare(&build, first, other, ty);
                    }
                }
                Glue::Hash(ty) => {
                    let state = second.expect("a hash goes on from one before").into_int_value();
                    self.hash(&build, first, state, ty);
                }
                Glue::Push(ty) => self.push(&build, first, second, ty),
                Glue::PushSlow(ty) => self.push_slow(&build, first, second, ty),
                Glue::UniqueSlow(ty) => {
                    let slot = build.alloca(8, 8);
                    build.store(slot, first, Some(Tag::Handle));
                    let info = self.type_info(ty);
                    call_symbol(self, &build, Symbol::kodo_list_make_unique, &[slot.into(), info.into()]);
                    build.ret(Some(build.load_ptr(slot, Some(Tag::Handle)).into()));
                }
                Glue::TakeSlow(ty) => {
                    let out = second.expect("an element goes somewhere").into_pointer_value();
                    let layout = self.layout(ty);
                    build.copy_bytes(out, build.offset(first, DATA), layout.size, layout.align);
                    self.count_at(&build, Counting::Copy, out, ty);
                    call(&build, self.glue(Glue::ReleaseList(ty)), &[first.into()]);
                    build.ret(None);
                }
            }
        }
    }

    // ---- counting a value where it is

    /// Counts the value at an address up or down, or prepares it for another thread.
    pub(crate) fn count_at(&mut self, build: &Build<'c>, how: Counting<'c>, at: PointerValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        let needed = if matches!(how, Counting::Share(_)) { layout.shares } else { layout.counted };
        if !needed {
            return;
        }
        if layout.scalar == Some(Scalar::Ptr)
            && !matches!((how, &layout.shape), (Counting::Share(_), Shape::Niche { .. }))
        {
            let handle = build.load_ptr(at, None);
            self.count_handle(build, how, handle, ty);
            return;
        }
        match how {
            Counting::Copy => call(build, self.glue(Glue::Copy(ty)), &[at.into()]),
            Counting::Drop => call(build, self.glue(Glue::Drop(ty)), &[at.into()]),
            Counting::Share(all) => call(build, self.glue(Glue::Share(ty)), &[at.into(), all.into()]),
        }
    }

    /// The same for a value that is one handle, in a register.
    pub(crate) fn count_handle(&mut self, build: &Build<'c>, how: Counting<'c>, handle: PointerValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        let function = match (how, &layout.shape) {
            (Counting::Copy, Shape::String | Shape::List(_) | Shape::Closure) => self.glue(Glue::Retain),
            (Counting::Copy, Shape::Channel) => self.rt(Symbol::kodo_channel_retain),
            (Counting::Copy, Shape::Future) => self.rt(Symbol::kodo_future_retain),
            (Counting::Copy, Shape::Niche { inner, .. }) => self.glue(Glue::CopyNiche(*inner)),
            (Counting::Drop, Shape::String) => self.glue(Glue::ReleaseString),
            (Counting::Drop, Shape::List(element)) => self.glue(Glue::ReleaseList(*element)),
            (Counting::Drop, Shape::Closure) => self.glue(Glue::ReleaseClosure),
            (Counting::Drop, Shape::Channel) => self.rt(Symbol::kodo_channel_release),
            (Counting::Drop, Shape::Future) => self.rt(Symbol::kodo_future_release),
            (Counting::Drop, Shape::Niche { inner, .. }) => self.glue(Glue::DropNiche(*inner)),
            (Counting::Share(all), Shape::Closure) => {
                return call(build, self.rt(Symbol::kodo_closure_share), &[handle.into(), all.into()]);
            }
            (Counting::Share(all), Shape::String) => {
                return call(build, self.glue(Glue::ShareString), &[handle.into(), all.into()]);
            }
            (Counting::Share(all), Shape::List(element)) => {
                return call(build, self.glue(Glue::ShareList(*element)), &[handle.into(), all.into()]);
            }
            _ => return,
        };
        call(build, function, &[handle.into()]);
    }

    /// Body of [`Glue::Copy`], [`Glue::Drop`] and [`Glue::Share`].
    fn at_address(&mut self, build: &Build<'c>, how: Counting<'c>, at: PointerValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        match &layout.shape {
            Shape::Product(fields) => {
                for &(offset, field) in fields {
                    self.count_at(build, how, build.offset(at, offset), field);
                }
            }
            Shape::Tagged { variants } => {
                let tag = build.load(layout.tag().memory(self.context), at, None).into_int_value();
                let done = build.new_block("done");
                let mut cases = Vec::new();
                for (index, fields) in variants.iter().enumerate() {
                    let mut any = false;
                    for &(_, field) in fields {
                        let field = self.layout(field);
                        any |= if matches!(how, Counting::Share(_)) { field.shares } else { field.counted };
                    }
                    if any {
                        cases.push((index, build.new_block("variant")));
                    }
                }
                let values: Vec<_> =
                    cases.iter().map(|&(i, block)| (tag.get_type().const_int(i as u64, false), block)).collect();
                build.switch(tag, done, &values);
                for (index, block) in cases {
                    build.at(block);
                    for &(offset, field) in &variants[index] {
                        self.count_at(build, how, build.offset(at, offset), field);
                    }
                    build.br(done);
                }
                build.at(done);
            }
            Shape::Niche { inner, .. } => {
                let handle = build.load_ptr(at, None);
                self.if_not_null(build, how, handle, *inner);
                return;
            }
            _ => self.count_at(build, how, at, ty),
        }
        build.ret(None);
    }

    fn if_not_null(&mut self, build: &Build<'c>, how: Counting<'c>, handle: PointerValue<'c>, inner: Ty) {
        let (full, done) = (build.new_block("full"), build.new_block("done"));
        build.cond(build.is_null(handle), done, full);
        build.at(full);
        self.count_handle(build, how, handle, inner);
        build.br(done);
        build.at(done);
        build.ret(None);
    }

    // ---- buffers

    fn retain(&mut self, build: &Build<'c>, buffer: PointerValue<'c>) {
        let count = build.load_count(buffer);
        let (local, rare, shared, done) =
            (build.new_block("local"), build.new_block("rare"), build.new_block("shared"), build.new_block("done"));
        build.cond_likely(build.compare(IntPredicate::SGT, count, build.int(0)), local, rare);
        build.at(local);
        build.store(buffer, build.add(count, build.int(1)), Some(Tag::Header));
        build.br(done);
        build.at(rare);
        build.cond(build.compare(IntPredicate::EQ, count, build.int(0)), done, shared);
        build.at(shared);
        call(build, self.glue(Glue::RetainShared), &[buffer.into()]);
        build.br(done);
        build.at(done);
        build.ret(None);
    }

    fn release(&mut self, build: &Build<'c>, buffer: PointerValue<'c>, rare_glue: Glue) {
        let count = build.load_count(buffer);
        let (local, rest, rare, done) =
            (build.new_block("local"), build.new_block("rest"), build.new_block("rare"), build.new_block("done"));
        build.cond(build.compare(IntPredicate::SGT, count, build.int(1)), local, rest);
        build.at(local);
        build.store(buffer, build.sub(count, build.int(1)), Some(Tag::Header));
        build.br(done);
        build.at(rest);
        build.cond(build.compare(IntPredicate::EQ, count, build.int(0)), done, rare);
        build.at(rare);
        call(build, self.glue(rare_glue), &[buffer.into()]);
        build.br(done);
        build.at(done);
        build.ret(None);
    }

    /// The last local handle, or a shared one.
    fn release_rare(&mut self, build: &Build<'c>, buffer: PointerValue<'c>, holds: Holds) {
        let count = build.load_count(buffer);
        let (shared, last, free, done) =
            (build.new_block("shared"), build.new_block("last"), build.new_block("free"), build.new_block("done"));
        build.cond(build.compare(IntPredicate::SLT, count, build.int(0)), shared, free);
        build.at(shared);
        // As `release` of the runtime's `mem/buffer.rs`.
        let before = build.atomic(AtomicRMWBinOp::Add, buffer, 1, AtomicOrdering::AcquireRelease);
        build.cond(build.compare(IntPredicate::EQ, before, build.int(-1)), last, done);
        build.at(last);
        build.br(free);
        build.at(free);
        match holds {
            Holds::Captures => {
                call_symbol(self, build, Symbol::kodo_closure_free, &[buffer.into()]);
            }
            Holds::Bytes => {
                call_symbol(self, build, Symbol::kodo_string_free, &[buffer.into()]);
            }
            Holds::Elements(element) if self.leads_back(element) => {
                let rest = self.glue(Glue::DropElements(element)).as_global_value().as_pointer_value();
                call_symbol(self, build, Symbol::kodo_mem_later, &[rest.into(), buffer.into(), build.int(0).into()]);
            }
            Holds::Elements(element) => {
                if self.layout(element).counted {
                    self.each(build, Counting::Drop, buffer, element);
                }
                call_symbol(self, build, Symbol::kodo_mem_free, &[buffer.into()]);
            }
        }
        build.br(done);
        build.at(done);
        build.ret(None);
    }

    /// Can a list of such elements lie somewhere inside one of its elements?
    fn leads_back(&mut self, element: Ty) -> bool {
        let mut seen = FxHashSet::default();
        let mut todo = vec![element];
        while let Some(ty) = todo.pop() {
            if !seen.insert(ty) {
                continue;
            }
            let layout = self.layout(ty);
            match &layout.shape {
                Shape::List(inner) if *inner == element => return true,
                Shape::List(inner) | Shape::Niche { inner, .. } => todo.push(*inner),
                Shape::Product(fields) => todo.extend(fields.iter().map(|f| f.1)),
                Shape::Tagged { variants } => todo.extend(variants.iter().flatten().map(|f| f.1)),
                _ => {}
            }
        }
        false
    }

    /// Counts every element of a list; leaves the builder behind the loop.
    fn each(&mut self, build: &Build<'c>, how: Counting<'c>, buffer: PointerValue<'c>, element: Ty) {
        let layout = self.layout(element);
        let len = build.load_int(build.offset(buffer, LEN), Some(Tag::Header));
        let before = build.block();
        let (head, body, after) = (build.new_block("head"), build.new_block("body"), build.new_block("after"));
        build.br(head);
        build.at(body);
        // The index is a phi of `head`, which has to be built first.
        build.at(head);
        let index = build.phi(build.i64(), &[(&build.int(0), before)]).into_int_value();
        build.cond(build.compare(IntPredicate::SLT, index, len), body, after);
        build.at(body);
        let at = build.element(build.offset(buffer, DATA), index, layout.size);
        self.count_at(build, how, at, element);
        let next = build.add(index, build.int(1));
        add_incoming(index, next, build.block());
        build.br(head);
        build.at(after);
    }

    /// Marks a buffer that has several handles, or is below one that has, and looks below it.
    fn share_buffer(&mut self, build: &Build<'c>, buffer: PointerValue<'c>, all: IntValue<'c>, element: Option<Ty>) {
        let count = build.load_count(buffer);
        let (local, mark, below, done) =
            (build.new_block("local"), build.new_block("mark"), build.new_block("below"), build.new_block("done"));
        // Static buffers hold nothing counted, and everything below a marked one is marked.
        build.cond(build.compare(IntPredicate::SGT, count, build.int(0)), local, done);
        build.at(local);
        let several = build.compare(IntPredicate::SGT, count, build.int(1));
        let wanted = build.or(several, build.compare(IntPredicate::NE, all, build.int(0)));
        build.cond(wanted, mark, below);
        build.at(mark);
        build.store(buffer, build.sub(build.int(0), count), Some(Tag::Header));
        build.br(below);
        build.at(below);
        if let Some(element) = element
            && self.layout(element).shares
        {
            let all = build.widen(wanted, build.i64());
            if self.leads_back(element) {
                let rest = self.glue(Glue::ShareElements(element)).as_global_value().as_pointer_value();
                call_symbol(self, build, Symbol::kodo_mem_later, &[rest.into(), buffer.into(), all.into()]);
            } else {
                self.each(build, Counting::Share(all), buffer, element);
            }
        }
        build.br(done);
        build.at(done);
        build.ret(None);
    }

    // ---- appending

    /// How the appended element travels: in a register if it is a scalar, else by address; nothing for `()`.
    fn pushed(&mut self, element: Ty) -> Option<inkwell::types::BasicTypeEnum<'c>> {
        let layout = self.layout(element);
        match layout.scalar {
            Some(scalar) => Some(scalar.register(self.context)),
            None if layout.size == 0 => None,
            None => Some(self.ptr().into()),
        }
    }

    /// Room and no other handle: store and count. The handle does not have its address taken, so that a list variable
    /// stays in a register across the whole loop that fills it.
    fn push(&mut self, build: &Build<'c>, list: PointerValue<'c>, value: Option<BasicValueEnum<'c>>, element: Ty) {
        let layout = self.layout(element);
        let (unique, room, slow) = (build.new_block("unique"), build.new_block("room"), build.new_block("slow"));
        let count = build.load_count(list);
        build.cond_likely(build.compare(IntPredicate::EQ, count, build.int(1)), unique, slow);
        build.at(unique);
        let len = build.load_int(build.offset(list, LEN), Some(Tag::Header));
        let capacity = build.load_int(build.offset(list, CAPACITY), Some(Tag::Header));
        build.cond_likely(build.compare(IntPredicate::SLT, len, capacity), room, slow);
        build.at(room);
        let at = build.element(build.offset(list, DATA), len, layout.size);
        match (layout.scalar, value) {
            (Some(scalar), Some(value)) => self.store_register(build, at, value, scalar),
            (None, Some(value)) => build.copy_bytes(at, value.into_pointer_value(), layout.size, layout.align),
            _ => {}
        }
        build.store(build.offset(list, LEN), build.add(len, build.int(1)), Some(Tag::Header));
        build.ret(Some(list.into()));
        build.at(slow);
        let mut args: Vec<BasicValueEnum<'c>> = vec![list.into()];
        args.extend(value);
        let function = self.glue(Glue::PushSlow(element));
        let args: Vec<_> = args.iter().map(|&a| a.into()).collect();
        build.ret(build.call(function, &args));
    }

    fn push_slow(&mut self, build: &Build<'c>, list: PointerValue<'c>, value: Option<BasicValueEnum<'c>>, element: Ty) {
        let layout = self.layout(element);
        let handle = build.alloca(8, 8);
        let at = match (layout.scalar, value) {
            (None, Some(value)) => value.into_pointer_value(),
            (Some(scalar), Some(value)) => {
                let slot = build.alloca(layout.size, layout.align);
                self.store_register(build, slot, value, scalar);
                slot
            }
            _ => handle,
        };
        build.store(handle, list, Some(Tag::Handle));
        let info = self.type_info(element);
        call_symbol(self, build, Symbol::kodo_list_push, &[handle.into(), at.into(), info.into()]);
        build.ret(Some(build.load_ptr(handle, Some(Tag::Handle)).into()));
    }

    /// Stores a scalar as it lies in memory.
    pub(crate) fn store_register(
        &mut self,
        build: &Build<'c>,
        at: PointerValue<'c>,
        value: BasicValueEnum<'c>,
        scalar: Scalar,
    ) {
        let value = match scalar {
            Scalar::Bool => build.widen(value.into_int_value(), build.i8()).into(),
            _ => value,
        };
        build.store(at, value, scalar.tag());
    }
}

/// The three things that are done to what a value holds.
#[derive(Clone, Copy)]
pub(crate) enum Counting<'c> {
    Copy,
    Drop,
    /// With the `all` of the runtime's `share`.
    Share(IntValue<'c>),
}

fn call<'c>(build: &Build<'c>, function: FunctionValue<'c>, args: &[BasicValueEnum<'c>]) {
    let args: Vec<_> = args.iter().map(|&a| a.into()).collect();
    build.call(function, &args);
}

/// Adds the value that a loop's phi gets from the back edge.
pub(crate) fn add_incoming<'c>(phi: IntValue<'c>, value: IntValue<'c>, from: inkwell::basic_block::BasicBlock<'c>) {
    use inkwell::values::InstructionValue;
    let instruction: InstructionValue<'c> = inkwell::values::BasicValue::as_instruction_value(&phi).expect("a phi");
    let phi = inkwell::values::PhiValue::try_from(instruction).expect("a phi");
    phi.add_incoming(&[(&value, from)]);
}
