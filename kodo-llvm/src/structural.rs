//! `==`, order and hash of whole values: functions made once per type, as the other glue is, but never called by the
//! runtime, so they poll like all compiled code.
//!
//! ```text
//!   equal    scalars and strings here, everything else through Equal(T)(a, b); leaves at the first difference
//!   compare  -1, 0, 1, and 2 where not a number decides; tuples and lists by their first difference, then by length
//!   hash     state in, state out; what is equal hashes alike: 0.0 and -0.0, and every two buffers of the same text
//! ```

use crate::builder::{Build, Tag};
use crate::context::{Cx, call_symbol};
use crate::glue::{DATA, Glue, LEN, add_incoming};
use crate::layout::{Layout, Scalar, Shape};
use crate::runtime::Symbol;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};
use inkwell::{FloatPredicate, IntPredicate};
use kodo_frontend::mir::Intrinsic;
use kodo_frontend::types::ty::Ty;

/// What `compare` answers where no order exists.
const UNORDERED: i64 = 2;

impl<'c> Cx<'_, 'c> {
    fn bit(&self, value: bool) -> IntValue<'c> {
        self.context.bool_type().const_int(value.into(), false)
    }

    fn scalar_at(&self, build: &Build<'c>, at: PointerValue<'c>, scalar: Scalar) -> BasicValueEnum<'c> {
        build.load(scalar.memory(self.context), at, None)
    }

    // ---- equality

    /// One bit: are the values at the two addresses equal?
    pub(crate) fn equal_at(
        &mut self,
        build: &Build<'c>,
        a: PointerValue<'c>,
        b: PointerValue<'c>,
        ty: Ty,
    ) -> IntValue<'c> {
        let layout = self.layout(ty);
        match (&layout.shape, layout.scalar) {
            (Shape::Unit, _) => self.bit(true),
            (Shape::String, _) => {
                let handles = [build.load_ptr(a, None).into(), build.load_ptr(b, None).into()];
                let byte =
                    call_symbol(self, build, Symbol::kodo_string_eq, &handles).expect("the function gives a Bool");
                build.truth(byte.into_int_value())
            }
            (Shape::Product(_) | Shape::Tagged { .. } | Shape::Niche { .. } | Shape::List(_), _) | (_, None) => {
                let function = self.glue(Glue::Equal(ty));
                build.call(function, &[a.into(), b.into()]).expect("equal gives a bit").into_int_value()
            }
            (_, Some(scalar)) => {
                let (a, b) = (self.scalar_at(build, a, scalar), self.scalar_at(build, b, scalar));
                match (a, b) {
                    (BasicValueEnum::FloatValue(a), BasicValueEnum::FloatValue(b)) => {
                        build.fcompare(FloatPredicate::OEQ, a, b)
                    }
                    (BasicValueEnum::PointerValue(a), BasicValueEnum::PointerValue(b)) => {
                        build.compare(IntPredicate::EQ, build.ptr_to_int(a), build.ptr_to_int(b))
                    }
                    _ => build.compare(IntPredicate::EQ, a.into_int_value(), b.into_int_value()),
                }
            }
        }
    }

    /// Continues behind if the fields are equal, goes to `no` if not.
    fn equal_fields(
        &mut self,
        build: &Build<'c>,
        a: PointerValue<'c>,
        b: PointerValue<'c>,
        fields: &[(u64, Ty)],
        no: BasicBlock<'c>,
    ) {
        for &(offset, field) in fields {
            let equal = self.equal_at(build, build.offset(a, offset), build.offset(b, offset), field);
            let next = build.new_block("next");
            build.cond(equal, next, no);
            build.at(next);
        }
    }

    /// Body of [`Glue::Equal`].
    pub(crate) fn equal(&mut self, build: &Build<'c>, a: PointerValue<'c>, b: PointerValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        if let Some(&own) = self.input.program.own.get(&(Intrinsic::Equal, ty)) {
            // Two borrowed values larger than registers: their addresses.
            let function = self.instances[own.0 as usize].0;
            build.ret(build.call(function, &[a.into(), b.into()]));
            return;
        }
        let no = build.new_block("no");
        match &layout.shape {
            Shape::Product(fields) => self.equal_fields(build, a, b, fields, no),
            Shape::Tagged { variants } => {
                let (tag, other) = (self.tag_at(build, &layout, a), self.tag_at(build, &layout, b));
                let (same, yes) = (build.new_block("same"), build.new_block("yes"));
                build.cond(build.compare(IntPredicate::EQ, tag, other), same, no);
                build.at(same);
                let cases = self.variants(build, tag, variants, yes);
                for (index, block) in cases {
                    build.at(block);
                    self.equal_fields(build, a, b, &variants[index], no);
                    build.br(yes);
                }
                build.at(yes);
            }
            Shape::Niche { inner, .. } => {
                let (left, right) = (build.load_ptr(a, None), build.load_ptr(b, None));
                let (left, right) = (build.is_null(left), build.is_null(right));
                let (some, both, none) = (build.new_block("some"), build.new_block("both"), build.new_block("none"));
                build.cond(build.or(left, right), none, some);
                build.at(none);
                build.ret(Some(build.and(left, right).into()));
                build.at(some);
                let equal = self.equal_at(build, a, b, *inner);
                build.cond(equal, both, no);
                build.at(both);
            }
            Shape::List(element) => {
                let (a, b) = (build.load_ptr(a, None), build.load_ptr(b, None));
                let len = build.load_int(build.offset(a, LEN), Some(Tag::Header));
                let other = build.load_int(build.offset(b, LEN), Some(Tag::Header));
                let same = build.new_block("same");
                build.cond(build.compare(IntPredicate::EQ, len, other), same, no);
                build.at(same);
                self.each_pair(build, a, b, len, *element, |cx, build, a, b| {
                    let equal = cx.equal_at(build, a, b, *element);
                    let next = build.new_block("next");
                    build.cond(equal, next, no);
                    build.at(next);
                });
            }
            _ => {
                let equal = self.equal_at(build, a, b, ty);
                let yes = build.new_block("yes");
                build.cond(equal, yes, no);
                build.at(yes);
            }
        }
        build.ret(Some(self.bit(true).into()));
        build.at(no);
        build.ret(Some(self.bit(false).into()));
    }

    fn tag_at(&self, build: &Build<'c>, layout: &Layout, at: PointerValue<'c>) -> IntValue<'c> {
        build.load(layout.tag().memory(self.context), at, None).into_int_value()
    }

    /// A block for each variant that holds something; the others go to `empty`.
    fn variants(
        &self,
        build: &Build<'c>,
        tag: IntValue<'c>,
        variants: &[Vec<(u64, Ty)>],
        empty: BasicBlock<'c>,
    ) -> Vec<(usize, BasicBlock<'c>)> {
        let full = variants.iter().enumerate().filter(|(_, fields)| !fields.is_empty());
        let cases: Vec<_> = full.map(|(index, _)| (index, build.new_block("variant"))).collect();
        let values: Vec<_> =
            cases.iter().map(|&(i, block)| (tag.get_type().const_int(i as u64, false), block)).collect();
        build.switch(tag, empty, &values);
        cases
    }

    /// Does `what` with the elements of two lists, the first `count` of each; leaves the builder behind the loop.
    fn each_pair(
        &mut self,
        build: &Build<'c>,
        a: PointerValue<'c>,
        b: PointerValue<'c>,
        count: IntValue<'c>,
        element: Ty,
        what: impl FnOnce(&mut Self, &Build<'c>, PointerValue<'c>, PointerValue<'c>),
    ) {
        let size = self.layout(element).size;
        let before = build.block();
        let (head, body, after) = (build.new_block("head"), build.new_block("body"), build.new_block("after"));
        build.br(head);
        build.at(head);
        let index = build.phi(build.i64(), &[(&build.int(0), before)]).into_int_value();
        build.cond(build.compare(IntPredicate::SLT, index, count), body, after);
        build.at(body);
        let (left, right) =
            (build.element(build.offset(a, DATA), index, size), build.element(build.offset(b, DATA), index, size));
        what(self, build, left, right);
        let next = build.add(index, build.int(1));
        add_incoming(index, next, build.block());
        build.br(head);
        build.at(after);
    }

    // ---- order

    /// -1, 0, 1 or [`UNORDERED`].
    pub(crate) fn compare_at(
        &mut self,
        build: &Build<'c>,
        a: PointerValue<'c>,
        b: PointerValue<'c>,
        ty: Ty,
    ) -> IntValue<'c> {
        let layout = self.layout(ty);
        match (&layout.shape, layout.scalar) {
            (Shape::String, _) => {
                let handles = [build.load_ptr(a, None).into(), build.load_ptr(b, None).into()];
                let order =
                    call_symbol(self, build, Symbol::kodo_string_cmp, &handles).expect("the function gives an order");
                let order = order.into_int_value();
                self.three_way(
                    build,
                    build.compare(IntPredicate::SLT, order, build.int(0)),
                    build.compare(IntPredicate::SGT, order, build.int(0)),
                )
            }
            (Shape::Bool | Shape::Int | Shape::Float | Shape::Fixed(_) | Shape::Float32, Some(scalar)) => {
                match (self.scalar_at(build, a, scalar), self.scalar_at(build, b, scalar)) {
                    (BasicValueEnum::FloatValue(a), BasicValueEnum::FloatValue(b)) => {
                        let less = build.fcompare(FloatPredicate::OLT, a, b);
                        let order = self.three_way(build, less, build.fcompare(FloatPredicate::OGT, a, b));
                        let unordered = build.fcompare(FloatPredicate::UNO, a, b);
                        build.select(unordered, build.int(UNORDERED), order).into_int_value()
                    }
                    (a, b) => {
                        // A Bool is the byte 0 or 1 here.
                        let (a, b) = (a.into_int_value(), b.into_int_value());
                        let (less, greater) = match ty.is_signed() {
                            true => (IntPredicate::SLT, IntPredicate::SGT),
                            false => (IntPredicate::ULT, IntPredicate::UGT),
                        };
                        let less = build.compare(less, a, b);
                        self.three_way(build, less, build.compare(greater, a, b))
                    }
                }
            }
            _ => {
                let function = self.glue(Glue::Compare(ty));
                build.call(function, &[a.into(), b.into()]).expect("compare gives an order").into_int_value()
            }
        }
    }

    fn three_way(&self, build: &Build<'c>, less: IntValue<'c>, greater: IntValue<'c>) -> IntValue<'c> {
        build.sub(build.widen(greater, build.i64()), build.widen(less, build.i64()))
    }

    /// Returns the order of two parts unless they are equal.
    fn order_decides(&mut self, build: &Build<'c>, a: PointerValue<'c>, b: PointerValue<'c>, ty: Ty) {
        let order = self.compare_at(build, a, b, ty);
        let (decided, next) = (build.new_block("decided"), build.new_block("next"));
        build.cond(build.compare(IntPredicate::EQ, order, build.int(0)), next, decided);
        build.at(decided);
        build.ret(Some(order.into()));
        build.at(next);
    }

    /// Body of [`Glue::Compare`].
    pub(crate) fn compare(&mut self, build: &Build<'c>, a: PointerValue<'c>, b: PointerValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        let order = match &layout.shape {
            Shape::Product(fields) => {
                for &(offset, field) in fields {
                    self.order_decides(build, build.offset(a, offset), build.offset(b, offset), field);
                }
                build.int(0)
            }
            Shape::List(element) => {
                let (a, b) = (build.load_ptr(a, None), build.load_ptr(b, None));
                let len = build.load_int(build.offset(a, LEN), Some(Tag::Header));
                let other = build.load_int(build.offset(b, LEN), Some(Tag::Header));
                let shorter = build.compare(IntPredicate::SLT, len, other);
                let both = build.select(shorter, len, other).into_int_value();
                self.each_pair(build, a, b, both, *element, |cx, build, a, b| cx.order_decides(build, a, b, *element));
                self.three_way(build, shorter, build.compare(IntPredicate::SGT, len, other))
            }
            // The checker lets nothing else come here.
            _ => build.int(0),
        };
        build.ret(Some(order.into()));
    }

    // ---- hash

    /// The hash of a value at an address, going on from the hash of what came before it.
    pub(crate) fn hash_at(
        &mut self,
        build: &Build<'c>,
        at: PointerValue<'c>,
        state: IntValue<'c>,
        ty: Ty,
    ) -> IntValue<'c> {
        let layout = self.layout(ty);
        match (&layout.shape, layout.scalar) {
            (Shape::Unit, _) => state,
            (Shape::String, _) => {
                let text = build.load_ptr(at, None);
                call_symbol(self, build, Symbol::kodo_hash_string, &[state.into(), text.into()])
                    .expect("the function gives a hash")
                    .into_int_value()
            }
            (Shape::Product(_) | Shape::Tagged { .. } | Shape::Niche { .. } | Shape::List(_), _) | (_, None) => {
                let function = self.glue(Glue::Hash(ty));
                build.call(function, &[at.into(), state.into()]).expect("hash gives a hash").into_int_value()
            }
            (_, Some(scalar)) => {
                let word = match self.scalar_at(build, at, scalar) {
                    BasicValueEnum::FloatValue(value) => {
                        // Adding zero makes the negative zero, which equals the positive one, that.
                        let value = build.refloat(value, build.f64());
                        let value = build.fadd(value, build.f64().const_zero());
                        build.float_bits(value)
                    }
                    BasicValueEnum::PointerValue(handle) => build.ptr_to_int(handle),
                    value => build.widen(value.into_int_value(), build.i64()),
                };
                self.hash_word(build, state, word)
            }
        }
    }

    fn hash_word(&mut self, build: &Build<'c>, state: IntValue<'c>, word: IntValue<'c>) -> IntValue<'c> {
        call_symbol(self, build, Symbol::kodo_hash_word, &[state.into(), word.into()])
            .expect("the function gives a hash")
            .into_int_value()
    }

    /// Body of [`Glue::Hash`].
    pub(crate) fn hash(&mut self, build: &Build<'c>, at: PointerValue<'c>, state: IntValue<'c>, ty: Ty) {
        let layout = self.layout(ty);
        let mut state = state;
        if let Some(&own) = self.input.program.own.get(&(Intrinsic::Hash, ty)) {
            let function = self.instances[own.0 as usize].0;
            let hash = build.call(function, &[at.into()]).expect("the function gives a hash");
            state = self.hash_word(build, state, hash.into_int_value());
            build.ret(Some(state.into()));
            return;
        }
        match &layout.shape {
            Shape::Product(fields) => {
                for &(offset, field) in fields {
                    state = self.hash_at(build, build.offset(at, offset), state, field);
                }
            }
            Shape::Tagged { variants } => {
                let tag = self.tag_at(build, &layout, at);
                state = self.hash_word(build, state, build.widen(tag, build.i64()));
                let empty = build.new_block("empty");
                for (index, block) in self.variants(build, tag, variants, empty) {
                    build.at(block);
                    let mut state = state;
                    for &(offset, field) in &variants[index] {
                        state = self.hash_at(build, build.offset(at, offset), state, field);
                    }
                    build.ret(Some(state.into()));
                }
                build.at(empty);
            }
            Shape::Niche { inner, .. } => {
                let null = build.is_null(build.load_ptr(at, None));
                state = self.hash_word(build, state, build.widen(null, build.i64()));
                let (full, empty) = (build.new_block("full"), build.new_block("empty"));
                build.cond(null, empty, full);
                build.at(full);
                let whole = self.hash_at(build, at, state, *inner);
                build.ret(Some(whole.into()));
                build.at(empty);
            }
            Shape::List(element) => {
                let list = build.load_ptr(at, None);
                let len = build.load_int(build.offset(list, LEN), Some(Tag::Header));
                state = self.hash_word(build, state, len);
                let slot = build.alloca(8, 8);
                build.store(slot, state, None);
                self.each_pair(build, list, list, len, *element, |cx, build, at, _| {
                    let so_far = build.load_int(slot, None);
                    let so_far = cx.hash_at(build, at, so_far, *element);
                    build.store(slot, so_far, None);
                });
                state = build.load_int(slot, None);
            }
            _ => state = self.hash_at(build, at, state, ty),
        }
        build.ret(Some(state.into()));
    }
}
