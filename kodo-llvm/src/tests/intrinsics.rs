//! Every intrinsic has a lowering, for every kind of element.

use super::build::{Fun, Operand, World, borrow, by_ref, copy, int, mv};
use crate::{Options, Output};
use kodo_frontend::mir::{Const, Intrinsic, Local, SpawnKind};
use kodo_frontend::types::ty::{AdtKind, Ty, TyCon};

/// What the arguments and the result of an intrinsic are, given its type argument.
enum Is {
    Arg,
    Int,
    Float,
    Bool,
    String,
    Unit,
    List,
    Channel,
    Future,
    Option,
    OptionOf(Ty),
    Strings,
    Ints,
    Bytes,
}

fn signature(intrinsic: Intrinsic) -> (Vec<Is>, Is) {
    use Intrinsic as I;
    use Is::*;
    match intrinsic {
        I::Print | I::Println | I::Eprint | I::Eprintln => (vec![Arg], Unit),
        I::ToString => (vec![Arg], String),
        I::StringAppend => (vec![String, Arg], String),
        I::DebugAppend => (vec![String, Arg], String),
        I::StringAppendQuoted => (vec![String, String], String),
        I::StringFormat => (vec![String, Arg, Int], String),
        I::StringChars => (vec![String], Ints),
        I::StringBytes => (vec![String], Bytes),
        I::StringTryParseInt => (vec![String], OptionOf(Ty::INT)),
        I::StringTryParseFloat => (vec![String], OptionOf(Ty::FLOAT)),
        I::CharIsAlpha | I::CharIsWhitespace => (vec![Int], Bool),
        I::FloatAbs | I::FloatFloor | I::FloatCeil | I::FloatRound | I::FloatSin | I::FloatCos | I::FloatLog => {
            (vec![Float], Float)
        }
        I::FloatPow => (vec![Float, Float], Float),
        I::RandInt => (vec![Int, Int], Int),
        I::StringEq | I::StringContains | I::StringStartsWith | I::StringEndsWith => (vec![String, String], Bool),
        I::StringCmp => (vec![String, String], Int),
        I::StringLength | I::StringByteLength | I::StringParseInt => (vec![String], Int),
        I::StringTrim | I::StringToUpper | I::StringToLower => (vec![String], String),
        I::StringSubstring => (vec![String, Int, Int], String),
        I::StringRepeat => (vec![String, Int], String),
        I::StringCharAt => (vec![String, Int], Int),
        I::StringSplit => (vec![String, String], Strings),
        I::StringFromCode => (vec![Int], String),
        I::IntToFloat => (vec![Int], Float),
        I::FloatToInt => (vec![Float], Int),
        I::FloatSqrt => (vec![Float], Float),
        I::Convert | I::ConvertWrapping => (vec![Arg], Int),
        I::ConvertTry => (vec![Arg], Option),
        I::ListNew => (vec![], List),
        I::ListFrom => (vec![Arg, Arg], List),
        I::ListPush => (vec![List, Arg], Unit),
        I::ListPop => (vec![List], Option),
        I::ListRemove => (vec![List, Int], Bool),
        I::ListLength => (vec![List], Int),
        I::ListMakeUnique => (vec![List], Unit),
        I::ListReserve => (vec![List, Int], Unit),
        I::CellTake => (vec![List], Arg),
        // Instances have the function or operator instead.
        I::Next | I::NextBack => (vec![Arg], Option),
        I::NumberAdd | I::NumberSub | I::NumberMul => (vec![Arg, Arg], Arg),
        I::Equal => (vec![Arg, Arg], Bool),
        I::Compare => (vec![Arg, Arg], Int),
        I::Hash => (vec![Arg], Int),
        I::Panic => (vec![String], Unit),
        I::Exit => (vec![Int], Unit),
        I::Args => (vec![], Strings),
        I::ChannelNew => (vec![], Channel),
        I::ChannelBounded => (vec![Int], Channel),
        I::ChannelSend => (vec![Channel, Arg], Unit),
        I::ChannelTrySend => (vec![Channel, Arg], Bool),
        I::ChannelRecv => (vec![Channel], Arg),
        I::ChannelNext | I::ChannelTryRecv => (vec![Channel], Option),
        I::ReadLine => (vec![], OptionOf(Ty::STRING)),
        I::ChannelRecvTimeout => (vec![Channel, Int], Option),
        I::ChannelClose => (vec![Channel], Unit),
        I::ChannelLen => (vec![Channel], Int),
        I::Await => (vec![Future], Arg),
        I::ParallelBegin => (vec![], Int),
        I::ParallelJoin | I::Sleep => (vec![Int], Unit),
        I::YieldNow => (vec![], Unit),
        I::ThreadId | I::CpuCount | I::TimeNow | I::TimeNowMs | I::TimeNowNs => (vec![], Int),
    }
}

/// Does `mono` put a function or an operator in its place?
fn replaced(intrinsic: Intrinsic) -> bool {
    use Intrinsic::{DebugAppend, Next, NextBack, NumberAdd, NumberMul, NumberSub};
    matches!(intrinsic, DebugAppend | Next | NextBack | NumberAdd | NumberSub | NumberMul)
}

/// A function with the given parameters, each of which is an argument, and one call.
fn call(w: &mut World, intrinsic: Intrinsic, arg: Ty) -> Fun {
    let mut ty = |is: &Is| match is {
        Is::Arg => arg,
        Is::Int => Ty::INT,
        Is::Float => Ty::FLOAT,
        Is::Bool => Ty::BOOL,
        Is::String => Ty::STRING,
        Is::Unit => Ty::UNIT,
        Is::List => w.list(arg),
        Is::Channel => w.app(TyCon::Channel, &[arg]),
        Is::Future => w.app(TyCon::Future, &[arg]),
        Is::Option => w.option(arg),
        Is::OptionOf(ty) => w.option(*ty),
        Is::Ints => w.list(Ty::INT),
        Is::Bytes => w.list(Ty::UINT8),
        Is::Strings => w.list(Ty::STRING),
    };
    use kodo_frontend::mir::Passing::{Borrowed, ByRef, Owned};
    let (params, result) = signature(intrinsic);
    let modes = intrinsic.args().replace('*', "oo");
    let params: Vec<_> = params
        .iter()
        .zip(modes.chars())
        .map(|(is, mode)| {
            (
                ty(is),
                if mode == 'm' {
                    ByRef
                } else if mode == 'b' {
                    Borrowed
                } else {
                    Owned
                },
            )
        })
        .collect();
    let result = ty(&result);
    let mut f = Fun::new(intrinsic.name(), &params, result);
    let args: Vec<Operand> = (1..)
        .zip(&params)
        .map(|(i, (_, passing))| match passing {
            Owned => mv(Local(i)),
            Borrowed => borrow(Local(i)),
            ByRef => by_ref(Local(i)),
        })
        .collect();
    f.intrinsic(intrinsic, &[arg], &args, Local(0));
    f.ret();
    f
}

fn is_text(intrinsic: Intrinsic) -> bool {
    use Intrinsic::{Eprint, Eprintln, Print, Println, StringAppend, StringFormat, ToString};
    matches!(intrinsic, Print | Println | Eprint | Eprintln | ToString | StringAppend | StringFormat)
}

fn is_conversion(intrinsic: Intrinsic) -> bool {
    matches!(intrinsic, Intrinsic::Convert | Intrinsic::ConvertWrapping | Intrinsic::ConvertTry)
}

#[test]
fn every_intrinsic_is_lowered_for_every_kind_of_argument() {
    for opt_level in [0, 2] {
        let mut w = World::new();
        let mut main = Fun::new("main", &[], Ty::UNIT);
        main.ret();
        w.add(main);
        let sum = w.adt("Sum", AdtKind::Enum, 0, &[&[Ty::STRING, Ty::INT], &[Ty::BOOL], &[]]);
        let flag = w.adt("Flag", AdtKind::Enum, 0, &[&[Ty::BOOL], &[]]);
        let (sum, flag) = (w.app(TyCon::Adt(sum), &[]), w.app(TyCon::Adt(flag), &[]));
        let big = w.types.tuple(&[Ty::INT, Ty::STRING, Ty::BOOL, sum]);
        let (list, channel, option) = (w.list(big), w.app(TyCon::Channel, &[big]), w.option(Ty::STRING));
        for &intrinsic in Intrinsic::ALL.iter().filter(|&&i| !replaced(i)) {
            let texts = [Ty::STRING, Ty::INT, Ty::FLOAT, Ty::BOOL];
            let all = [Ty::STRING, Ty::INT, Ty::FLOAT, Ty::BOOL, Ty::UNIT, big, sum, flag, list, channel, option];
            let numbers = [Ty::INT, Ty::UINT8, Ty::UINT64, Ty::INT32, Ty::FLOAT, Ty::FLOAT32];
            let kinds = match () {
                () if is_text(intrinsic) => [&texts[..], &numbers].concat(),
                () if is_conversion(intrinsic) => numbers.to_vec(),
                () => all.to_vec(),
            };
            for arg in kinds {
                let f = call(&mut w, intrinsic, arg);
                w.add(f);
            }
        }
        let options = Options { opt_level, ..Options::default() };
        w.compile(&options, Output::Object).unwrap();
    }
}

/// A `parallel` scope is an Int to MIR and a pointer to the runtime.
#[test]
fn spawns_in_a_parallel_scope_pass_it_on() {
    let mut w = World::new();
    let future = w.app(TyCon::Future, &[Ty::INT]);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let (scope, h, unit) = (f.local(Ty::INT), f.local(future), f.local(Ty::UNIT));
    f.intrinsic(Intrinsic::ParallelBegin, &[], &[], scope);
    let yes = Operand::Const(Const::Bool(true));
    f.spawn(kodo_frontend::mir::InstanceId(1), &[yes], SpawnKind::Parallel(copy(scope)), Ty::INT, h);
    f.drop(h);
    f.intrinsic(Intrinsic::ParallelJoin, &[], &[copy(scope)], unit);
    f.ret();
    w.add(f);
    let mut f = Fun::new("spawned", &[(Ty::BOOL, kodo_frontend::mir::Passing::Owned)], Ty::INT);
    f.set(Local(0), int(1));
    f.ret();
    w.add(f);
    let ir = w.ir(2);
    assert!(ir.contains("= tail call ptr @kodo_parallel_begin()") || ir.contains("= call ptr @kodo_parallel_begin()"));
    let spawn =
        ir.lines().find(|l| l.contains("call ptr @kodo_parallel_spawn(ptr %")).unwrap_or_else(|| panic!("{ir}"));
    assert!(spawn.contains("ptr nonnull @\"ko.spawned entry\""), "{spawn}");
    assert!(ir.contains("call void @kodo_parallel_join(ptr "), "{ir}");
}
