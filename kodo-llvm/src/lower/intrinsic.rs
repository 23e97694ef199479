//! The language's own operations.
//!
//! A list that an operation changes is handed to the runtime in a temporary and read back: the variable's own address
//! is never taken, so it can live in a register across the loop that changes it. Results that the runtime writes land in
//! temporaries for the same reason.

use super::function::Lower;
use super::memory::{At, Value};
use crate::builder::Tag;
use crate::context::call_symbol;
use crate::glue::{Counting, DATA, Glue, LEN};
use crate::layout::{Scalar, Shape};
use crate::runtime::Symbol;
use inkwell::IntPredicate;
use inkwell::intrinsics::Intrinsic as LlvmIntrinsic;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};
use kodo_frontend::mir::{Intrinsic, Operand, Place};
use kodo_frontend::source::Span;
use kodo_frontend::types::ty::Ty;

/// Variants of the standard library's `Option`.
const SOME: u64 = 0;
const NONE: u64 = 1;

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl<'c> Lower<'_, '_, 'c> {
    pub fn intrinsic(&mut self, intrinsic: Intrinsic, tys: &[Ty], args: &[Operand], dest: &Place, span: Span) {
        use Intrinsic as I;
        use Symbol as S;
        let element = tys.first().copied().unwrap_or(Ty::UNIT);
        match intrinsic {
            I::Print => self.print(element, &args[0], Stream::Out, false),
            I::Println => self.print(element, &args[0], Stream::Out, true),
            I::Eprint => self.print(element, &args[0], Stream::Err, false),
            I::Eprintln => self.print(element, &args[0], Stream::Err, true),

            I::ToString => {
                let (value, _) = self.operand(&args[0]);
                let text = self.text_of(value, element);
                self.assign_value(dest, Value::Register(text));
            }
            I::StringAppend => self.append(element, args, dest),
            I::StringAppendQuoted => self.runtime(S::kodo_string_append_quoted, args, dest),
            I::StringFormat => self.format(element, args, dest),
            I::DebugAppend => unreachable!("instances call the function for the type"),
            I::StringChars => self.runtime(S::kodo_string_chars, args, dest),
            I::StringBytes => self.runtime(S::kodo_string_bytes, args, dest),
            I::StringTryParseInt => self.try_parse(S::kodo_string_try_parse_int, Ty::INT, args, dest),
            I::StringTryParseFloat => self.try_parse(S::kodo_string_try_parse_float, Ty::FLOAT, args, dest),
            I::CharIsAlpha => self.runtime_bool(S::kodo_char_is_alpha, args, dest),
            I::CharIsWhitespace => self.runtime_bool(S::kodo_char_is_whitespace, args, dest),
            I::StringEq => self.runtime_bool(S::kodo_string_eq, args, dest),
            I::StringCmp => self.runtime(S::kodo_string_cmp, args, dest),
            I::StringLength => self.runtime(S::kodo_string_length, args, dest),
            I::StringByteLength => {
                // The bytes are counted in the header.
                let text = self.register(&args[0]).into_pointer_value();
                let len = self.b.load_int(self.b.offset(text, 8), Some(Tag::Header));
                self.assign_value(dest, Value::Register(len.into()));
            }
            I::StringContains => self.runtime_bool(S::kodo_string_contains, args, dest),
            I::StringStartsWith => self.runtime_bool(S::kodo_string_starts_with, args, dest),
            I::StringEndsWith => self.runtime_bool(S::kodo_string_ends_with, args, dest),
            I::StringTrim => self.runtime(S::kodo_string_trim, args, dest),
            I::StringToUpper => self.runtime(S::kodo_string_to_upper, args, dest),
            I::StringToLower => self.runtime(S::kodo_string_to_lower, args, dest),
            I::StringSubstring => self.runtime(S::kodo_string_substring, args, dest),
            I::StringRepeat => self.runtime(S::kodo_string_repeat, args, dest),
            I::StringParseInt => self.runtime(S::kodo_string_parse_int, args, dest),
            I::StringCharAt => self.runtime(S::kodo_string_char_at, args, dest),
            I::StringSplit => self.runtime(S::kodo_string_split, args, dest),
            I::StringFromCode => self.runtime(S::kodo_string_from_code, args, dest),
            I::IntToFloat => {
                let value = self.register(&args[0]).into_int_value();
                let value = self.b.int_to_float(value).into();
                self.assign_value(dest, Value::Register(value));
            }
            I::FloatToInt => {
                let types = [self.b.i64().into(), self.b.f64().into()];
                self.llvm("llvm.fptosi.sat", &types, &args[0], dest);
            }
            I::Convert | I::ConvertWrapping | I::ConvertTry => self.convert(intrinsic, &args[0], dest, span),
            I::FloatSqrt => self.float("llvm.sqrt", args, dest),
            I::FloatAbs => self.float("llvm.fabs", args, dest),
            I::FloatFloor => self.float("llvm.floor", args, dest),
            I::FloatCeil => self.float("llvm.ceil", args, dest),
            I::FloatRound => self.float("llvm.round", args, dest),
            I::FloatSin => self.float("llvm.sin", args, dest),
            I::FloatCos => self.float("llvm.cos", args, dest),
            I::FloatLog => self.float("llvm.log", args, dest),
            I::FloatPow => self.float("llvm.pow", args, dest),
            I::RandInt => self.runtime(S::kodo_rand_int, args, dest),

            I::ListNew => {
                let empty = self.cx.empty_buffer();
                self.assign_value(dest, Value::Register(empty.into()));
            }
            I::ListFrom => self.list_from(element, args, dest),
            I::ListPush => {
                let (value, _) = self.operand(&args[1]);
                let at = self.by_reference(&args[0]);
                let list = self.load_handle(&at);
                let mut passed: Vec<BasicValueEnum<'c>> = vec![list.into()];
                match value {
                    Value::Unit => {}
                    Value::Register(value) => passed.push(value),
                    Value::Memory(ptr) => passed.push(ptr.into()),
                }
                let push = self.cx.glue(Glue::Push(element));
                let passed: Vec<_> = passed.into_iter().map(Into::into).collect();
                let list = self.b.call(push, &passed).expect("push gives the list");
                self.store(&at, Value::Register(list));
            }
            I::ListPop => {
                let at = self.by_reference(&args[0]);
                let out = self.temp(element);
                let info = self.cx.type_info(element);
                let some = self.changing(&at, S::kodo_list_pop, &[out.into(), info.into()]);
                self.option(dest, some, out, element);
            }
            I::ListRemove => {
                let index = self.register(&args[1]);
                let at = self.by_reference(&args[0]);
                let info = self.cx.type_info(element);
                let removed = self.changing(&at, S::kodo_list_remove, &[index, info.into()]);
                if let Some(removed) = removed {
                    let removed = self.b.truth(removed.into_int_value()).into();
                    self.assign_value(dest, Value::Register(removed));
                }
            }
            I::ListLength => {
                let list = self.register(&args[0]).into_pointer_value();
                let len = self.b.load_int(self.b.offset(list, 8), Some(Tag::Header));
                self.assign_value(dest, Value::Register(len.into()));
            }
            I::ListMakeUnique => self.make_unique(element, &args[0]),
            I::CellTake => self.cell_take(element, &args[0], dest),
            I::ListReserve => {
                let least = self.register(&args[1]);
                let at = self.by_reference(&args[0]);
                let info = self.cx.type_info(element);
                self.changing(&at, S::kodo_list_reserve, &[least, info.into()]);
            }
            I::Next | I::NextBack | I::NumberAdd | I::NumberSub | I::NumberMul => {
                unreachable!("instances have the function or the operator for the type")
            }

            I::Equal | I::Compare | I::Hash => self.structural(intrinsic, element, args, dest),

            I::Panic => {
                let message = self.register(&args[0]);
                let site = self.cx.site(span, &self.body.name);
                call_symbol(self.cx, &self.b, S::kodo_panic_string, &[message, site.into()]);
            }
            I::Exit => self.runtime(S::kodo_process_exit, args, dest),
            I::Args => self.runtime(S::kodo_process_args, args, dest),

            I::ChannelNew => {
                let (info, site) = (self.cx.type_info(element), self.cx.site(span, &self.body.name));
                let channel = call_symbol(self.cx, &self.b, S::kodo_channel_new, &[info.into(), site.into()]);
                self.assign_result(dest, channel);
            }
            I::ChannelBounded => {
                let capacity = self.register(&args[0]);
                let (info, site) = (self.cx.type_info(element), self.cx.site(span, &self.body.name));
                let args = [capacity, info.into(), site.into()];
                let channel = call_symbol(self.cx, &self.b, S::kodo_channel_bounded, &args);
                self.assign_result(dest, channel);
            }
            I::ChannelSend if self.is_plain_word(element) => {
                let channel = self.register(&args[0]);
                let value = self.register(&args[1]);
                let site = self.cx.site(span, &self.body.name);
                call_symbol(self.cx, &self.b, S::kodo_channel_send_word, &[channel, value, site.into()]);
            }
            I::ChannelSend => {
                self.send(S::kodo_channel_send, args, span);
            }
            I::ChannelTrySend => {
                if let Some(sent) = self.send(S::kodo_channel_try_send, args, span) {
                    let sent = self.b.truth(sent.into_int_value()).into();
                    self.assign_value(dest, Value::Register(sent));
                }
            }
            I::ChannelRecv if self.is_plain_word(element) => {
                let channel = self.register(&args[0]);
                let site = self.cx.site(span, &self.body.name);
                let value = call_symbol(self.cx, &self.b, S::kodo_channel_recv_word, &[channel, site.into()]);
                self.assign_result(dest, value);
            }
            I::ChannelNext if self.is_plain_word(element) => {
                self.receive_option(S::kodo_channel_next_word, element, args, dest, span);
            }
            I::ChannelRecv => self.receive(S::kodo_channel_recv, element, args, dest, span),
            I::Await => {
                // A handle in a variable is this thread's own; one in a buffer or a capture may be another thread's as well.
                let own = matches!(&args[0], Operand::Borrow(place) | Operand::Copy(place) | Operand::Move(place)
                    if place.projection.is_empty() && self.is_own(place.local));
                let symbol = if own { S::kodo_future_await_own } else { S::kodo_future_await };
                self.receive(symbol, element, args, dest, span);
            }
            I::ChannelNext => self.receive_option(S::kodo_channel_next, element, args, dest, span),
            I::ReadLine => {
                let out = self.temp(Ty::STRING);
                let site = self.cx.site(span, &self.body.name);
                let some = call_symbol(self.cx, &self.b, S::kodo_io_read_line, &[out.into(), site.into()]);
                self.option(dest, some, out, Ty::STRING);
            }
            I::ChannelTryRecv => self.receive_option(S::kodo_channel_try_recv, element, args, dest, span),
            I::ChannelRecvTimeout => self.receive_option(S::kodo_channel_recv_timeout, element, args, dest, span),
            I::ChannelClose => self.runtime(S::kodo_channel_close, args, dest),
            I::ChannelLen => self.runtime(S::kodo_channel_len, args, dest),

            I::ParallelBegin => {
                let scope = call_symbol(self.cx, &self.b, S::kodo_parallel_begin, &[]).expect("begin gives a scope");
                let scope = self.b.ptr_to_int(scope.into_pointer_value());
                self.assign_value(dest, Value::Register(scope.into()));
            }
            I::ParallelJoin => {
                let scope = self.register(&args[0]).into_int_value();
                let scope = self.b.int_to_ptr(scope);
                let site = self.cx.site(span, &self.body.name);
                call_symbol(self.cx, &self.b, S::kodo_parallel_join, &[scope.into(), site.into()]);
            }
            I::YieldNow => self.runtime(S::kodo_task_yield_now, args, dest),
            I::Sleep => {
                let ms = self.register(&args[0]);
                let site = self.cx.site(span, &self.body.name);
                call_symbol(self.cx, &self.b, S::kodo_time_sleep, &[ms, site.into()]);
            }
            I::ThreadId => self.runtime(S::kodo_task_id, args, dest),
            I::CpuCount => self.runtime(S::kodo_cpu_count, args, dest),
            I::TimeNow => self.runtime(S::kodo_time_now, args, dest),
            I::TimeNowMs => self.runtime(S::kodo_time_now_ms, args, dest),
            I::TimeNowNs => self.runtime(S::kodo_time_now_ns, args, dest),
        }
    }

    // ---- plain calls of the runtime

    fn assign_result(&mut self, dest: &Place, result: Option<BasicValueEnum<'c>>) {
        if let Some(result) = result {
            self.assign_value(dest, Value::Register(result));
        }
    }

    /// A runtime function whose parameters are the operands, scalars all of them.
    fn runtime(&mut self, symbol: Symbol, args: &[Operand], dest: &Place) {
        let args: Vec<_> = args.iter().map(|a| self.register(a)).collect();
        let result = call_symbol(self.cx, &self.b, symbol, &args);
        self.assign_result(dest, result);
    }

    fn runtime_bool(&mut self, symbol: Symbol, args: &[Operand], dest: &Place) {
        let args: Vec<_> = args.iter().map(|a| self.register(a)).collect();
        let result = call_symbol(self.cx, &self.b, symbol, &args).expect("the function gives a Bool");
        let result = self.b.truth(result.into_int_value());
        self.assign_value(dest, Value::Register(result.into()));
    }

    fn llvm(&mut self, name: &str, types: &[BasicTypeEnum<'c>], arg: &Operand, dest: &Place) {
        let function = LlvmIntrinsic::find(name)
            .and_then(|i| i.get_declaration(&self.cx.module, types))
            .expect("LLVM has the intrinsic");
        let arg = self.register(arg);
        let result = self.b.call(function, &[arg.into()]);
        self.assign_result(dest, result);
    }

    /// A function of floats that LLVM knows.
    fn float(&mut self, name: &str, args: &[Operand], dest: &Place) {
        let function = LlvmIntrinsic::find(name)
            .and_then(|i| i.get_declaration(&self.cx.module, &[self.b.f64().into()]))
            .expect("LLVM has the intrinsic");
        let args: Vec<_> = args.iter().map(|arg| self.register(arg).into()).collect();
        let result = self.b.call(function, &args);
        self.assign_result(dest, result);
    }

    /// `(text, out) -> Bool`.
    fn try_parse(&mut self, symbol: Symbol, number: Ty, args: &[Operand], dest: &Place) {
        let text = self.register(&args[0]);
        let out = self.temp(number);
        let some = call_symbol(self.cx, &self.b, symbol, &[text, out.into()]);
        self.option(dest, some, out, number);
    }

    // ---- text

    fn print(&mut self, ty: Ty, operand: &Operand, stream: Stream, line: bool) {
        let (value, _) = self.operand(operand);
        let shape = self.cx.layout(ty).shape.clone();
        let direct = match (stream, line, &shape) {
            (Stream::Out, true, Shape::Int) => Some(Symbol::kodo_io_println_int),
            (Stream::Out, true, Shape::Float) => Some(Symbol::kodo_io_println_float),
            (Stream::Out, false, Shape::Float) => Some(Symbol::kodo_io_print_float),
            _ => None,
        };
        if let (Some(symbol), Value::Register(value)) = (direct, value) {
            call_symbol(self.cx, &self.b, symbol, &[value]);
            return;
        }
        let symbol = match (stream, line) {
            (Stream::Out, false) => Symbol::kodo_io_print,
            (Stream::Out, true) => Symbol::kodo_io_println,
            (Stream::Err, false) => Symbol::kodo_io_eprint,
            (Stream::Err, true) => Symbol::kodo_io_eprintln,
        };
        let (text, made) = match (&shape, value) {
            (Shape::String, Value::Register(text)) => (text, false),
            (Shape::Bool, Value::Register(truth)) => (self.bool_text(truth.into_int_value()).into(), false),
            _ => (self.text_of(value, ty), true),
        };
        call_symbol(self.cx, &self.b, symbol, &[text]);
        if made {
            self.cx.count_handle(&self.b, Counting::Drop, text.into_pointer_value(), Ty::STRING);
        }
    }

    /// The static text of a truth value.
    fn bool_text(&mut self, truth: IntValue<'c>) -> PointerValue<'c> {
        let (yes, no) = (self.cx.literal("true"), self.cx.literal("false"));
        self.b.select(truth, yes, no).into_pointer_value()
    }

    /// An owned String of a borrowed value.
    pub(super) fn text_of(&mut self, value: Value<'c>, ty: Ty) -> BasicValueEnum<'c> {
        let Value::Register(value) = value else { unreachable!("text is made of scalars and strings") };
        match self.cx.layout(ty).shape {
            Shape::Int => call_symbol(self.cx, &self.b, Symbol::kodo_string_from_int, &[value]),
            Shape::Float => call_symbol(self.cx, &self.b, Symbol::kodo_string_from_float, &[value]),
            Shape::Fixed(width) => {
                let (unsigned, value) = self.fixed_text(width, value);
                let symbol = if unsigned { Symbol::kodo_string_from_uint } else { Symbol::kodo_string_from_int };
                call_symbol(self.cx, &self.b, symbol, &[value])
            }
            Shape::Float32 => {
                let value = self.b.refloat(value.into_float_value(), self.b.f64()).into();
                call_symbol(self.cx, &self.b, Symbol::kodo_string_from_float32, &[value])
            }
            Shape::Bool => Some(self.bool_text(value.into_int_value()).into()),
            _ => {
                self.cx.count_handle(&self.b, Counting::Copy, value.into_pointer_value(), Ty::STRING);
                Some(value)
            }
        }
        .expect("the function gives a String")
    }

    fn append(&mut self, ty: Ty, args: &[Operand], dest: &Place) {
        let (text, value) = (self.register(&args[0]), self.register(&args[1]));
        let (symbol, value) = match self.cx.layout(ty).shape {
            Shape::Int => (Symbol::kodo_string_append_int, value),
            Shape::Float => (Symbol::kodo_string_append_float, value),
            Shape::Fixed(width) => {
                let (unsigned, value) = self.fixed_text(width, value);
                (if unsigned { Symbol::kodo_string_append_uint } else { Symbol::kodo_string_append_int }, value)
            }
            Shape::Float32 => {
                let value = self.b.refloat(value.into_float_value(), self.b.f64());
                (Symbol::kodo_string_append_float32, value.into())
            }
            Shape::Bool => {
                let byte = self.b.widen(value.into_int_value(), self.b.i8());
                (Symbol::kodo_string_append_bool, byte.into())
            }
            _ => (Symbol::kodo_string_append, value),
        };
        let result = call_symbol(self.cx, &self.b, symbol, &[text, value]);
        self.assign_result(dest, result);
    }

    /// Appends a number, Bool or String in a format.
    fn format(&mut self, ty: Ty, args: &[Operand], dest: &Place) {
        let (text, value, format) = (self.register(&args[0]), self.register(&args[1]), self.register(&args[2]));
        let (symbol, passed) = match self.cx.layout(ty).shape {
            Shape::Int => (Symbol::kodo_string_format_int, vec![text, value, self.b.int(64).into(), format]),
            Shape::Fixed(width) => {
                let (_, value) = self.fixed_text(width, value);
                let bits = i64::from(width.bits()) * if width.signed() { 1 } else { -1 };
                (Symbol::kodo_string_format_int, vec![text, value, self.b.int(bits).into(), format])
            }
            Shape::Float | Shape::Float32 => {
                let wide = self.b.refloat(value.into_float_value(), self.b.f64());
                let single = self.b.i8().const_int((ty == Ty::FLOAT32).into(), false);
                (Symbol::kodo_string_format_float, vec![text, wide.into(), single.into(), format])
            }
            Shape::Bool => {
                let truth = self.bool_text(value.into_int_value());
                (Symbol::kodo_string_format_text, vec![text, truth.into(), format])
            }
            _ => (Symbol::kodo_string_format_text, vec![text, value, format]),
        };
        let result = call_symbol(self.cx, &self.b, symbol, &passed);
        self.assign_result(dest, result);
    }

    // ---- lists

    fn list_from(&mut self, element: Ty, args: &[Operand], dest: &Place) {
        let list = if args.is_empty() {
            self.cx.empty_buffer().into()
        } else {
            let layout = self.cx.layout(element);
            let values = self.entry.alloca((layout.size * args.len() as u64).max(1), layout.align);
            for (i, arg) in args.iter().enumerate() {
                let (value, _) = self.operand(arg);
                let ptr = self.b.offset(values, i as u64 * layout.size);
                self.store(&At { ptr, ty: element, typed: true }, value);
            }
            let info = self.cx.type_info(element);
            let args = [values.into(), self.b.int(args.len() as i64).into(), info.into()];
            call_symbol(self.cx, &self.b, Symbol::kodo_list_from, &args).expect("the function gives a list")
        };
        self.assign_value(dest, Value::Register(list));
    }

    /// Calls a runtime function that changes a list, given as the address of a copy of its handle.
    fn changing(&mut self, at: &At<'c>, symbol: Symbol, rest: &[BasicValueEnum<'c>]) -> Option<BasicValueEnum<'c>> {
        let handle = self.load_handle(at);
        let slot = self.spill(Value::Register(handle.into()), at.ty);
        let mut args = vec![slot.into()];
        args.extend_from_slice(rest);
        let result = call_symbol(self.cx, &self.b, symbol, &args);
        let handle = self.b.load_ptr(slot, Some(Tag::Handle));
        self.store(at, Value::Register(handle.into()));
        result
    }

    fn make_unique(&mut self, element: Ty, list: &Operand) {
        let at = self.by_reference(list);
        let handle = self.load_handle(&at);
        let count = self.b.load_count(handle);
        let (shared, done) = (self.b.new_block("shared"), self.b.new_block("unique"));
        self.b.cond_likely(self.b.compare(IntPredicate::EQ, count, self.b.int(1)), done, shared);
        self.b.at(shared);
        let slow = self.cx.glue(Glue::UniqueSlow(element));
        let unique = self.b.call(slow, &[handle.into()]).expect("the function gives the list");
        self.store(&at, Value::Register(unique));
        self.b.br(done);
        self.b.at(done);
    }

    fn cell_take(&mut self, element: Ty, cell: &Operand, dest: &Place) {
        let layout = self.cx.layout(element);
        let out = self.temp(element);
        let at = self.by_reference(cell);
        let handle = self.load_handle(&at);
        let count = self.b.load_count(handle);
        let (alone, shared, done) = (self.b.new_block("alone"), self.b.new_block("shared"), self.b.new_block("taken"));
        self.b.cond_likely(self.b.compare(IntPredicate::EQ, count, self.b.int(1)), alone, shared);
        self.b.at(alone);
        self.b.copy_bytes(out, self.b.offset(handle, DATA), layout.size, layout.align);
        self.b.store(self.b.offset(handle, LEN), self.b.int(0), Some(Tag::Header));
        self.b.br(done);
        self.b.at(shared);
        let slow = self.cx.glue(Glue::TakeSlow(element));
        self.b.call(slow, &[handle.into(), out.into()]);
        let empty = self.cx.empty_buffer();
        self.store(&at, Value::Register(empty.into()));
        self.b.br(done);
        self.b.at(done);
        let value = self.read(&At { ptr: out, ty: element, typed: false });
        self.assign_value(dest, value);
    }

    // ---- comparing

    fn structural(&mut self, intrinsic: Intrinsic, ty: Ty, args: &[Operand], dest: &Place) {
        let mut at = Vec::new();
        for arg in args {
            let (value, _) = self.operand(arg);
            at.push(match value {
                Value::Memory(ptr) => ptr,
                _ => self.spill(value, ty),
            });
        }
        let result = match intrinsic {
            Intrinsic::Equal => self.cx.equal_at(&self.b, at[0], at[1], ty),
            Intrinsic::Compare => self.cx.compare_at(&self.b, at[0], at[1], ty),
            _ => {
                let start = self.b.int(0);
                self.cx.hash_at(&self.b, at[0], start, ty)
            }
        };
        self.assign_value(dest, Value::Register(result.into()));
    }

    // ---- channels and futures

    /// Whether values are integers of one word, which the runtime passes in registers.
    fn is_plain_word(&mut self, element: Ty) -> bool {
        self.cx.layout(element).scalar == Some(Scalar::Int)
    }

    fn send(&mut self, symbol: Symbol, args: &[Operand], span: Span) -> Option<BasicValueEnum<'c>> {
        let channel = self.register(&args[0]);
        let (value, ty) = self.operand(&args[1]);
        let value = self.spill(value, ty);
        let site = self.cx.site(span, &self.body.name);
        call_symbol(self.cx, &self.b, symbol, &[channel, value.into(), site.into()])
    }

    fn receive(&mut self, symbol: Symbol, element: Ty, args: &[Operand], dest: &Place, span: Span) {
        let handle = self.register(&args[0]);
        let out = self.temp(element);
        let site = self.cx.site(span, &self.body.name);
        call_symbol(self.cx, &self.b, symbol, &[handle, out.into(), site.into()]);
        let value = self.read(&At { ptr: out, ty: element, typed: true });
        self.assign_value(dest, value);
    }

    /// `(channel, …scalars, out, site) -> Bool`.
    fn receive_option(&mut self, symbol: Symbol, element: Ty, args: &[Operand], dest: &Place, span: Span) {
        let mut passed: Vec<BasicValueEnum<'c>> = args.iter().map(|a| self.register(a)).collect();
        let out = self.temp(element);
        passed.push(out.into());
        passed.push(self.cx.site(span, &self.body.name).into());
        let some = call_symbol(self.cx, &self.b, symbol, &passed);
        self.option(dest, some, out, element);
    }

    /// `Some` of what was written to `out`, or `None`.
    pub(super) fn option(
        &mut self,
        dest: &Place,
        some: Option<BasicValueEnum<'c>>,
        out: PointerValue<'c>,
        element: Ty,
    ) {
        let some = self.b.truth(some.expect("the function tells whether there is a value").into_int_value());
        let at = self.place(dest);
        let layout = self.cx.layout(at.ty);
        match &layout.shape {
            Shape::Niche { .. } => {
                let handle = self.b.load_ptr(out, Some(Tag::Handle));
                let value = self.b.select(some, handle, self.b.null());
                self.store(&at, Value::Register(value));
            }
            Shape::Tagged { variants } => {
                let ty = layout.tag().memory(self.cx.context).into_int_type();
                let tag = self.b.select(some, ty.const_int(SOME, false), ty.const_int(NONE, false));
                self.b.store(at.ptr, tag, None);
                if let Some(&(offset, _)) = variants[SOME as usize].first() {
                    let size = self.cx.layout(element);
                    match size.scalar {
                        Some(scalar) => {
                            let value = self.b.load(Scalar::memory(scalar, self.cx.context), out, None);
                            self.b.store(self.b.offset(at.ptr, offset), value, None);
                        }
                        None => self.b.copy_bytes(self.b.offset(at.ptr, offset), out, size.size, size.align),
                    }
                }
            }
            _ => unreachable!("checked: the result is an Option"),
        }
    }
}
