/* Calls kodo_rt_yield with a number in each register that it must keep, and looks at them afterwards. `run.sh` says how. */
#include <stdio.h>
#include <stdint.h>
static int calls;
/* Clobbers everything that an ordinary call may: x0 to x15. */
void slow(void){ calls++; __asm__ volatile(
 "mov x0,#-1\n mov x1,#-1\n mov x2,#-1\n mov x3,#-1\n mov x4,#-1\n mov x5,#-1\n mov x6,#-1\n mov x7,#-1\n mov x8,#-1\n"
 "mov x9,#-1\n mov x10,#-1\n mov x11,#-1\n mov x12,#-1\n mov x13,#-1\n mov x14,#-1\n mov x15,#-1\n"
 :::"x0","x1","x2","x3","x4","x5","x6","x7","x8","x9","x10","x11","x12","x13","x14","x15","memory"); }
uint64_t after[34];
void probe(void);
__asm__(
".text\n.globl probe\nprobe:\n stp x29,x30,[sp,#-112]!\n mov x29,sp\n stp x19,x20,[sp,#16]\n stp x21,x22,[sp,#32]\n stp x23,x24,[sp,#48]\n stp x25,x26,[sp,#64]\n stp x27,x28,[sp,#80]\n"
" mov x0,#100\n mov x1,#101\n mov x2,#102\n mov x3,#103\n mov x4,#104\n mov x5,#105\n mov x6,#106\n mov x7,#107\n mov x8,#108\n mov x9,#109\n mov x10,#110\n mov x11,#111\n mov x12,#112\n mov x13,#113\n mov x14,#114\n mov x15,#115\n"
" mov x19,#119\n mov x20,#120\n mov x21,#121\n mov x22,#122\n mov x23,#123\n mov x24,#124\n mov x25,#125\n mov x26,#126\n mov x27,#127\n mov x28,sp\n"
" bl kodo_rt_yield\n"
" adrp x16,after\n add x16,x16,:lo12:after\n stp x0,x1,[x16]\n stp x2,x3,[x16,#16]\n stp x4,x5,[x16,#32]\n stp x6,x7,[x16,#48]\n stp x8,x9,[x16,#64]\n stp x10,x11,[x16,#80]\n stp x12,x13,[x16,#96]\n stp x14,x15,[x16,#112]\n stp x19,x20,[x16,#152]\n stp x21,x22,[x16,#168]\n stp x23,x24,[x16,#184]\n stp x25,x26,[x16,#200]\n str x27,[x16,#216]\n sub x17,sp,x28\n str x17,[x16,#224]\n sub x17,sp,x29\n str x17,[x16,#232]\n"
" ldp x19,x20,[sp,#16]\n ldp x21,x22,[sp,#32]\n ldp x23,x24,[sp,#48]\n ldp x25,x26,[sp,#64]\n ldp x27,x28,[sp,#80]\n ldp x29,x30,[sp],#112\n ret\n");
int main(void) {
    probe();
    int bad = 0;
    for (int i = 0; i <= 27; i++) {
        /* x16 to x18 are nobody's. */
        if ((i < 16 || i > 18) && after[i] != 100 + (uint64_t)i) {
            printf("x%d = %ld\n", i, (long)after[i]);
            bad++;
        }
    }
    if (after[28] || after[29]) {
        printf("sp or fp moved\n");
        bad++;
    }
    printf("calls %d, wrong registers %d\n", calls, bad);
    return bad || calls != 1;
}
