//! Reading and changing LLVM IR through the C API, with as little as the safepoint code needs.
//!
//! inkwell's values are typed at every step and have no uses of blocks, no debug locations and no way to retarget a
//! branch. The wrappers here are plain references. They are made from a module that [`insert`](super::insert) or
//! [`verify`](super::verify) borrows for as long as any of them exists, and only `strip` erases values, which it does
//! not name afterwards. That is the safety argument of every C call in this file.

use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::debuginfo::{LLVMInstructionGetDebugLoc, LLVMInstructionSetDebugLoc};
use inkwell::llvm_sys::prelude::*;
use inkwell::llvm_sys::{LLVMAtomicOrdering, LLVMAttributeFunctionIndex, LLVMTypeKind};
use inkwell::module::Module;
use std::ptr::null_mut;

pub(super) use inkwell::llvm_sys::{LLVMIntPredicate as Predicate, LLVMOpcode as Opcode};

macro_rules! llvm {
    ($($call:tt)*) => {
        // SAFETY: the module lives and so do its values (module comment); null and kinds are checked by the caller.
        unsafe { $($call)* }
    };
}

/// A function, an instruction, a constant, an argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Value(LLVMValueRef);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Block(LLVMBasicBlockRef);

#[derive(Clone, Copy)]
pub(super) struct Type(LLVMTypeRef);

/// All functions that have a body.
pub(super) fn functions(module: &Module<'_>) -> Vec<Value> {
    let first = llvm!(LLVMGetFirstFunction(module.as_mut_ptr()));
    list(first, |f| llvm!(LLVMGetNextFunction(f))).map(Value).filter(|f| f.entry().is_some()).collect()
}

/// Follows an intrusive list to its null.
fn list<T: Copy + IsNull>(first: T, next: impl Fn(T) -> T) -> impl Iterator<Item = T> {
    std::iter::successors(first.non_null(), move |&x| next(x).non_null())
}

trait IsNull: Sized {
    fn non_null(self) -> Option<Self>;
}
impl<T> IsNull for *mut T {
    fn non_null(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }
}

impl Value {
    pub fn from_raw(value: LLVMValueRef) -> Value {
        Value(value)
    }

    // ---- functions

    pub fn entry(self) -> Option<Block> {
        llvm!(LLVMGetFirstBasicBlock(self.0)).non_null().map(Block)
    }

    pub fn blocks(self) -> Vec<Block> {
        list(llvm!(LLVMGetFirstBasicBlock(self.0)), |b| llvm!(LLVMGetNextBasicBlock(b))).map(Block).collect()
    }

    pub fn name(self) -> String {
        let mut len = 0;
        let name = llvm!(LLVMGetValueName2(self.0, &mut len));
        text(name, len)
    }

    pub fn has_attribute(self, name: &str) -> bool {
        let attribute = llvm!(LLVMGetStringAttributeAtIndex(
            self.0,
            LLVMAttributeFunctionIndex,
            name.as_ptr().cast(),
            name.len() as u32
        ));
        !attribute.is_null()
    }

    /// Takes back that the function reads and writes no memory and waits for nobody, here and at its calls.
    pub fn forget_effects(self) {
        for name in ["memory", "nosync"] {
            let kind = llvm!(LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()));
            llvm!(LLVMRemoveEnumAttributeAtIndex(self.0, LLVMAttributeFunctionIndex, kind));
            for call in self.users().into_iter().filter(|user| user.callee() == Some(self)) {
                llvm!(LLVMRemoveCallSiteEnumAttribute(call.0, LLVMAttributeFunctionIndex, kind));
            }
        }
    }

    pub fn is_function(self) -> bool {
        !llvm!(LLVMIsAFunction(self.0)).is_null()
    }

    pub fn is_intrinsic(self) -> bool {
        self.is_function() && llvm!(LLVMGetIntrinsicID(self.0)) != 0
    }

    // ---- instructions

    pub fn is_instruction(self) -> bool {
        !llvm!(LLVMIsAInstruction(self.0)).is_null()
    }

    pub fn is(self, opcode: Opcode) -> bool {
        self.is_instruction() && llvm!(LLVMGetInstructionOpcode(self.0)) == opcode
    }

    pub fn is_call(self) -> bool {
        self.is(Opcode::LLVMCall) || self.is(Opcode::LLVMInvoke) || self.is(Opcode::LLVMCallBr)
    }

    /// What a call calls; `None` for assembly and for other instructions.
    pub fn callee(self) -> Option<Value> {
        if !self.is_call() {
            return None;
        }
        let callee = llvm!(LLVMGetCalledValue(self.0));
        llvm!(LLVMIsAInlineAsm(callee)).is_null().then_some(Value(callee))
    }

    /// What a call calls, unless that is one of LLVM's intrinsics.
    pub fn real_callee(self) -> Option<Value> {
        self.callee().filter(|callee| !callee.is_intrinsic())
    }

    pub fn parent(self) -> Block {
        Block(llvm!(LLVMGetInstructionParent(self.0)))
    }

    pub fn operands(self) -> usize {
        usize::try_from(llvm!(LLVMGetNumOperands(self.0))).unwrap_or(0)
    }

    pub fn operand(self, i: u32) -> Value {
        Value(llvm!(LLVMGetOperand(self.0, i)))
    }

    /// Who uses the value, once per use.
    pub fn users(self) -> Vec<Value> {
        let first = llvm!(LLVMGetFirstUse(self.0));
        list(first, |u| llvm!(LLVMGetNextUse(u))).map(|u| Value(llvm!(LLVMGetUser(u)))).collect()
    }

    /// The condition and the targets if true and if false of a conditional branch.
    pub fn branch(self) -> Option<(Value, Block, Block)> {
        if !self.is(Opcode::LLVMBr) || llvm!(LLVMIsConditional(self.0)) == 0 {
            return None;
        }
        let target = |i| Block(llvm!(LLVMGetSuccessor(self.0, i)));
        Some((Value(llvm!(LLVMGetCondition(self.0))), target(0), target(1)))
    }

    /// Predicate and operands of an integer comparison.
    pub fn comparison(self) -> Option<(Predicate, Value, Value)> {
        self.is(Opcode::LLVMICmp).then(|| (llvm!(LLVMGetICmpPredicate(self.0)), self.operand(0), self.operand(1)))
    }

    /// Values and blocks that a phi merges; empty for anything else.
    pub fn incoming(self) -> Vec<(Value, Block)> {
        if !self.is(Opcode::LLVMPHI) {
            return Vec::new();
        }
        let pair = |i| (Value(llvm!(LLVMGetIncomingValue(self.0, i))), Block(llvm!(LLVMGetIncomingBlock(self.0, i))));
        (0..llvm!(LLVMCountIncoming(self.0))).map(pair).collect()
    }

    /// Whether this is an atomic load of a global of that name.
    pub fn is_monotonic_load_of(self, name: &str) -> bool {
        self.is(Opcode::LLVMLoad)
            && llvm!(LLVMGetOrdering(self.0)) == LLVMAtomicOrdering::LLVMAtomicOrderingMonotonic
            && !llvm!(LLVMIsAGlobalVariable(self.operand(0).0)).is_null()
            && self.operand(0).name() == name
    }

    // ---- constants and types

    /// Bits of an integer value of at most 64 bits.
    pub fn int_width(self) -> Option<u32> {
        let ty = llvm!(LLVMTypeOf(self.0));
        let is_int = llvm!(LLVMGetTypeKind(ty)) == LLVMTypeKind::LLVMIntegerTypeKind;
        is_int.then(|| llvm!(LLVMGetIntTypeWidth(ty))).filter(|&width| width <= 64)
    }

    /// A constant integer of at most 64 bits, sign-extended.
    pub fn constant(self) -> Option<i64> {
        if llvm!(LLVMIsAConstantInt(self.0)).is_null() || self.int_width().is_none() {
            return None;
        }
        Some(llvm!(LLVMConstIntGetSExtValue(self.0)))
    }

    /// The same, zero-extended.
    pub fn unsigned_constant(self) -> Option<u64> {
        self.constant().map(|_| llvm!(LLVMConstIntGetZExtValue(self.0)))
    }

    pub fn ty(self) -> Type {
        Type(llvm!(LLVMTypeOf(self.0)))
    }

    // ---- changes

    pub fn set_successor(self, from: Block, to: Block) {
        for i in 0..llvm!(LLVMGetNumSuccessors(self.0)) {
            if llvm!(LLVMGetSuccessor(self.0, i)) == from.0 {
                llvm!(LLVMSetSuccessor(self.0, i, to.0));
            }
        }
    }

    pub fn set_condition(self, condition: Value) {
        llvm!(LLVMSetCondition(self.0, condition.0));
    }

    pub fn add_incoming(self, value: Value, block: Block) {
        llvm!(LLVMAddIncoming(self.0, &mut { value.0 }, &mut { block.0 }, 1));
    }

    pub fn replace_with(self, other: Value) {
        llvm!(LLVMReplaceAllUsesWith(self.0, other.0));
    }

    pub fn erase(self) {
        llvm!(LLVMInstructionEraseFromParent(self.0));
    }

    pub fn copy_location(self, from: Value) {
        let location = llvm!(LLVMInstructionGetDebugLoc(from.0));
        if !location.is_null() {
            llvm!(LLVMInstructionSetDebugLoc(self.0, location));
        }
    }
}

impl Block {
    pub fn instructions(self) -> impl Iterator<Item = Value> {
        list(llvm!(LLVMGetFirstInstruction(self.0)), |i| llvm!(LLVMGetNextInstruction(i))).map(Value)
    }

    pub fn phis(self) -> Vec<Value> {
        self.instructions().take_while(|i| i.is(Opcode::LLVMPHI)).collect()
    }

    pub fn first(self) -> Value {
        Value(llvm!(LLVMGetFirstInstruction(self.0)))
    }

    pub fn terminator(self) -> Value {
        Value(llvm!(LLVMGetBasicBlockTerminator(self.0)))
    }

    pub fn successors(self) -> Vec<Block> {
        let terminator = self.terminator().0;
        (0..llvm!(LLVMGetNumSuccessors(terminator))).map(|i| Block(llvm!(LLVMGetSuccessor(terminator, i)))).collect()
    }

    /// The instructions that jump here, once per edge.
    pub fn jumps(self) -> Vec<Value> {
        Value(llvm!(LLVMBasicBlockAsValue(self.0))).users()
    }

    pub fn name(self) -> String {
        let name = llvm!(LLVMGetBasicBlockName(self.0));
        // SAFETY: LLVM's names end with a zero byte.
        unsafe { std::ffi::CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }
}

fn text(text: *const std::ffi::c_char, len: usize) -> String {
    // SAFETY: a name of that length inside the module.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), len) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Builds instructions.
pub(super) struct Builder {
    context: LLVMContextRef,
    builder: LLVMBuilderRef,
}

impl Builder {
    pub fn new(module: &Module<'_>) -> Builder {
        let context = llvm!(LLVMGetModuleContext(module.as_mut_ptr()));
        Builder { context, builder: llvm!(LLVMCreateBuilderInContext(context)) }
    }

    pub fn block_before(&self, block: Block, name: &str) -> Block {
        let name = zero_terminated(name);
        Block(llvm!(LLVMInsertBasicBlockInContext(self.context, block.0, name.as_ptr())))
    }

    pub fn block_after(&self, block: Block, name: &str) -> Block {
        let new = self.block_before(block, name);
        llvm!(LLVMMoveBasicBlockAfter(new.0, block.0));
        new
    }

    /// What is built there has no location of its own. (Going before an instruction takes over that instruction's, and
    /// going to an end would keep it, even into another function.)
    pub fn at_end(&self, block: Block) {
        llvm!(LLVMPositionBuilderAtEnd(self.builder, block.0));
        llvm!(LLVMSetCurrentDebugLocation2(self.builder, null_mut()));
    }

    pub fn before(&self, instruction: Value) {
        llvm!(LLVMPositionBuilderBefore(self.builder, instruction.0));
    }

    /// An integer constant; bits that its type does not have are cut off.
    pub fn constant(&self, ty: Type, v: u64) -> Value {
        let width = llvm!(LLVMGetIntTypeWidth(ty.0));
        Value(llvm!(LLVMConstInt(ty.0, v & (u64::MAX >> 64_u32.saturating_sub(width)), 0)))
    }

    pub fn phi(&self, ty: Type) -> Value {
        Value(llvm!(LLVMBuildPhi(self.builder, ty.0, c"".as_ptr())))
    }

    pub fn add(&self, a: Value, b: Value) -> Value {
        Value(llvm!(LLVMBuildAdd(self.builder, a.0, b.0, c"".as_ptr())))
    }

    pub fn sub(&self, a: Value, b: Value) -> Value {
        Value(llvm!(LLVMBuildSub(self.builder, a.0, b.0, c"".as_ptr())))
    }

    pub fn and(&self, a: Value, b: Value) -> Value {
        Value(llvm!(LLVMBuildAnd(self.builder, a.0, b.0, c"".as_ptr())))
    }

    pub fn compare(&self, predicate: Predicate, a: Value, b: Value) -> Value {
        Value(llvm!(LLVMBuildICmp(self.builder, predicate, a.0, b.0, c"".as_ptr())))
    }

    pub fn select(&self, condition: Value, a: Value, b: Value) -> Value {
        Value(llvm!(LLVMBuildSelect(self.builder, condition.0, a.0, b.0, c"".as_ptr())))
    }

    pub fn jump(&self, to: Block) {
        llvm!(LLVMBuildBr(self.builder, to.0));
    }

    pub fn branch(&self, condition: Value, yes: Block, no: Block) {
        llvm!(LLVMBuildCondBr(self.builder, condition.0, yes.0, no.0));
    }

    /// A call of a function without parameters and result.
    pub fn call(&self, function: Value) -> Value {
        let ty = llvm!(LLVMGlobalGetValueType(function.0));
        Value(llvm!(LLVMBuildCall2(self.builder, ty, function.0, null_mut(), 0, c"".as_ptr())))
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        llvm!(LLVMDisposeBuilder(self.builder));
    }
}

fn zero_terminated(name: &str) -> std::ffi::CString {
    std::ffi::CString::new(name).expect("block names here have no zero bytes")
}
