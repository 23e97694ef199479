//! Types of places, operands and intrinsics. `None` means that the MIR is wrong there (`verify` reports it) or, for an
//! intrinsic, that its result is not described.

use super::{Body, Callee, Const, Intrinsic, Operand, Place, Projection};
use crate::types::counted::Counted;
use crate::types::ty::{Adt, AdtKind, Ty, TyCon, TyKind, Types};

/// Type of a place; `None` if a projection does not fit the type it is applied to.
pub fn place_ty(body: &Body, place: &Place, types: &mut Types, adts: &[Adt]) -> Option<Ty> {
    let mut ty = body.locals.get(place.local.0 as usize)?.ty;
    let mut variant: Option<u32> = None;
    for projection in &place.projection {
        if variant.is_some() && !matches!(projection, Projection::Field(_)) {
            return None;
        }
        match (projection, types.kind(ty).clone()) {
            (Projection::Field(n), TyKind::Tuple(items)) => ty = *items.get(*n as usize)?,
            (Projection::Field(n), TyKind::App(TyCon::Adt(id), args)) => {
                let adt = adts.get(id.0 as usize)?;
                let index = match (adt.kind, variant.take()) {
                    (AdtKind::Struct, None) => 0,
                    (AdtKind::Enum, Some(v)) => v as usize,
                    _ => return None,
                };
                let field = adt.variants.get(index)?.fields.get(*n as usize)?;
                ty = types.subst(field.ty, &args);
            }
            (Projection::Variant(v), TyKind::App(TyCon::Adt(id), _)) => {
                let adt = adts.get(id.0 as usize)?;
                if adt.kind != AdtKind::Enum || adt.variants.len() <= *v as usize {
                    return None;
                }
                variant = Some(*v);
            }
            (Projection::Index(_), TyKind::App(TyCon::List, args)) => ty = *args.first()?,
            _ => return None,
        }
    }
    if variant.is_some() { None } else { Some(ty) }
}

pub fn const_ty(value: &Const) -> Ty {
    match value {
        Const::Unit => Ty::UNIT,
        Const::Int(_) => Ty::INT,
        Const::Float(_) => Ty::FLOAT,
        Const::Bool(_) => Ty::BOOL,
        Const::Str(_) => Ty::STRING,
        Const::Fixed(width, _) => width.ty(),
        Const::Float32(_) => Ty::FLOAT32,
    }
}

pub fn operand_ty(body: &Body, operand: &Operand, types: &mut Types, adts: &[Adt]) -> Option<Ty> {
    match operand {
        Operand::Copy(p) | Operand::Move(p) | Operand::Borrow(p) | Operand::Mut(p) => place_ty(body, p, types, adts),
        Operand::Const(c) => Some(const_ty(c)),
    }
}

/// The counted parts of a value of type `ty` that none of the paths leads to or through, as paths. An enum is of the
/// variant that the paths into it name. `None` if two paths overlap, name two variants, or go into a list.
pub fn uncovered(
    ty: Ty,
    paths: &[&[Projection]],
    types: &mut Types,
    adts: &[Adt],
    counted: &mut Counted,
) -> Option<Vec<Vec<Projection>>> {
    let mut rest = Vec::new();
    let mut todo = vec![(Vec::new(), ty, paths.to_vec())];
    while let Some((prefix, ty, paths)) = todo.pop() {
        if paths.is_empty() {
            if counted.is_counted(types, adts, ty) {
                rest.push(prefix);
            }
            continue;
        }
        if paths.iter().any(|p| p.is_empty()) {
            if paths.len() > 1 {
                return None;
            }
            continue;
        }
        let (fields, variant): (Vec<Ty>, Option<u32>) = match types.kind(ty).clone() {
            TyKind::Tuple(items) => (items.to_vec(), None),
            TyKind::App(TyCon::Adt(id), args) => {
                let adt = adts.get(id.0 as usize)?;
                let variant = match (adt.kind, &paths[0][0]) {
                    (AdtKind::Struct, _) => None,
                    (AdtKind::Enum, Projection::Variant(v)) => Some(*v),
                    _ => return None,
                };
                let fields = &adt.variants.get(variant.unwrap_or(0) as usize)?.fields;
                (fields.iter().map(|f| types.subst(f.ty, &args)).collect(), variant)
            }
            _ => return None,
        };
        let mut parts: Vec<Vec<&[Projection]>> = vec![Vec::new(); fields.len()];
        for path in paths {
            let path = match variant {
                None => path,
                Some(v) => path.strip_prefix(&[Projection::Variant(v)])?,
            };
            let (Projection::Field(n), path) = path.split_first()? else { return None };
            parts.get_mut(*n as usize)?.push(path);
        }
        // The first field is looked at first, so that the answer is in order.
        for (n, (ty, paths)) in fields.into_iter().zip(parts).enumerate().rev() {
            let mut prefix = prefix.clone();
            prefix.extend(variant.map(Projection::Variant));
            prefix.push(Projection::Field(n as u32));
            todo.push((prefix, ty, paths));
        }
    }
    Some(rest)
}

/// Can a call of it panic?
pub fn call_may_panic(callee: &Callee) -> bool {
    match callee {
        Callee::Intrinsic(op, _) => may_panic(*op),
        Callee::Closure(_) | Callee::Dyn { .. } => false,
        Callee::Function(..) | Callee::Instance(_) | Callee::Value | Callee::Method { .. } => true,
    }
}

/// Can the operation panic? Those that cannot need no cleanup block. Running out of memory ends the process and does
/// not count.
pub fn may_panic(intrinsic: Intrinsic) -> bool {
    use Intrinsic::*;
    match intrinsic {
        // Named ways to fail: a bound out of range, a negative count, a closed channel, an awaited thread that
        // panicked, or simply its purpose.
        StringSubstring | StringRepeat | StringCharAt | ListRemove | Panic | ChannelBounded | ChannelSend
        | ChannelTrySend | ChannelRecv | ChannelRecvTimeout | Await | ParallelJoin | Sleep | Convert => true,
        // The function for the state may do anything.
        Next | NextBack => true,
        Print | Println | Eprint | Eprintln | ReadLine | ToString | StringAppend | StringEq | StringCmp
        | StringLength | StringByteLength | StringContains | StringStartsWith | StringEndsWith | StringTrim
        | StringToUpper | StringToLower | StringParseInt | StringSplit | IntToFloat | FloatToInt | FloatSqrt
        | ConvertWrapping | StringAppendQuoted | StringFormat | DebugAppend | StringChars | StringBytes
        | StringTryParseInt | StringTryParseFloat | StringFromCode | CharIsAlpha | CharIsWhitespace | FloatAbs
        | FloatFloor | FloatCeil | FloatRound | FloatSin | FloatCos | FloatLog | FloatPow | RandInt | ConvertTry
        | ListNew | ListFrom | ListPush | ListPop | ListLength | ListMakeUnique | ListReserve | CellTake
        | NumberAdd | NumberSub | NumberMul | Equal | Compare | Hash | Exit | Args | ChannelNew | ChannelNext
        | ChannelTryRecv | ChannelClose | ChannelLen | ParallelBegin | YieldNow | ThreadId | CpuCount | TimeNow
        | TimeNowMs | TimeNowNs => false,
    }
}

/// A parameter or result of an intrinsic, in terms of its type argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Is(Ty),
    /// The type argument.
    Arg,
    /// A list, channel or future of the type argument.
    Of(TyCon),
    ListOf(Ty),
    /// Not described here (library enums, whose identity this table does not know).
    Any,
}

impl Shape {
    /// Does the type fit, given the intrinsic's type arguments?
    pub fn fits(self, ty: Ty, args: &[Ty], types: &mut Types) -> bool {
        match self {
            Shape::Is(want) => ty == want,
            Shape::Arg => args.first().is_none_or(|&a| a == ty),
            Shape::Of(con) => args.first().is_none_or(|&a| types.app(con, &[a]) == ty),
            Shape::ListOf(item) => types.app(TyCon::List, &[item]) == ty,
            Shape::Any => true,
        }
    }
}

/// Parameters (none for `list_from`, whose operands are all [`Shape::Arg`]) and result.
pub fn signature(intrinsic: Intrinsic) -> (Vec<Shape>, Shape) {
    use Intrinsic::*;
    use Shape::{Any, Arg, Is, ListOf, Of};
    const INT: Shape = Is(Ty::INT);
    const BOOL: Shape = Is(Ty::BOOL);
    const FLOAT: Shape = Is(Ty::FLOAT);
    const STRING: Shape = Is(Ty::STRING);
    const UNIT: Shape = Is(Ty::UNIT);
    const LIST: Shape = Of(TyCon::List);
    const CHANNEL: Shape = Of(TyCon::Channel);
    match intrinsic {
        Print | Println | Eprint | Eprintln => (vec![Arg], UNIT),
        ToString => (vec![Arg], STRING),
        StringAppend | DebugAppend => (vec![STRING, Arg], STRING),
        StringAppendQuoted => (vec![STRING, STRING], STRING),
        StringFormat => (vec![STRING, Arg, INT], STRING),
        StringEq | StringContains | StringStartsWith | StringEndsWith => (vec![STRING, STRING], BOOL),
        StringCmp => (vec![STRING, STRING], INT),
        StringLength | StringByteLength => (vec![STRING], INT),
        StringTrim | StringToUpper | StringToLower => (vec![STRING], STRING),
        StringSubstring => (vec![STRING, INT, INT], STRING),
        StringRepeat => (vec![STRING, INT], STRING),
        StringParseInt => (vec![STRING], Any),
        StringCharAt => (vec![STRING, INT], Any),
        StringSplit => (vec![STRING, STRING], ListOf(Ty::STRING)),
        StringFromCode => (vec![INT], STRING),
        StringChars => (vec![STRING], ListOf(Ty::INT)),
        StringBytes => (vec![STRING], ListOf(Ty::UINT8)),
        StringTryParseInt | StringTryParseFloat => (vec![STRING], Any),
        CharIsAlpha | CharIsWhitespace => (vec![INT], BOOL),
        FloatAbs | FloatFloor | FloatCeil | FloatRound | FloatSin | FloatCos | FloatLog => (vec![FLOAT], FLOAT),
        FloatPow => (vec![FLOAT, FLOAT], FLOAT),
        RandInt => (vec![INT, INT], INT),
        IntToFloat => (vec![INT], FLOAT),
        FloatToInt => (vec![FLOAT], INT),
        FloatSqrt => (vec![FLOAT], FLOAT),
        Convert | ConvertWrapping | ConvertTry => (vec![Arg], Any),
        ListNew | ListFrom => (vec![], LIST),
        ListPush => (vec![LIST, Arg], UNIT),
        ListPop => (vec![LIST], Any),
        ListRemove => (vec![LIST, INT], BOOL),
        ListLength => (vec![LIST], INT),
        ListMakeUnique => (vec![LIST], UNIT),
        ListReserve => (vec![LIST, INT], UNIT),
        CellTake => (vec![LIST], Arg),
        Next | NextBack => (vec![Any], Any),
        NumberAdd | NumberSub | NumberMul => (vec![Arg, Arg], Arg),
        Equal => (vec![Arg, Arg], BOOL),
        Compare => (vec![Arg, Arg], INT),
        Hash => (vec![Arg], INT),
        Panic => (vec![STRING], Any),
        Exit => (vec![INT], Any),
        Args => (vec![], ListOf(Ty::STRING)),
        ChannelNew => (vec![], CHANNEL),
        ChannelBounded => (vec![INT], CHANNEL),
        ChannelSend => (vec![CHANNEL, Arg], UNIT),
        ChannelTrySend => (vec![CHANNEL, Arg], BOOL),
        ChannelRecv => (vec![CHANNEL], Arg),
        ChannelNext | ChannelTryRecv => (vec![CHANNEL], Any),
        ReadLine => (vec![], Any),
        ChannelRecvTimeout => (vec![CHANNEL, INT], Any),
        ChannelClose => (vec![CHANNEL], UNIT),
        ChannelLen => (vec![CHANNEL], INT),
        Await => (vec![Of(TyCon::Future)], Arg),
        ParallelBegin => (vec![], INT),
        ParallelJoin => (vec![INT], UNIT),
        YieldNow => (vec![], UNIT),
        Sleep => (vec![INT], UNIT),
        ThreadId | CpuCount | TimeNow | TimeNowMs | TimeNowNs => (vec![], INT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_intrinsic_has_one_shape_per_argument() {
        for &intrinsic in Intrinsic::ALL {
            let (params, _) = signature(intrinsic);
            let modes = intrinsic.args();
            assert_eq!(params.len(), if modes == "*" { 0 } else { modes.len() }, "{intrinsic:?}");
        }
    }
}
