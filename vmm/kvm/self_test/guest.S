// SPDX-License-Identifier: Apache-2.0
// The guest of the self-test: what Linux needs of a CPU, in the order in which it needs it. Loaded at CODE and entered
// like a kernel [boot] 64-bit; reports each step it has passed by a 32-bit OUT to REPORT. Its partner is self_test.cpp,
// which has the same numbers. Position matters: all addresses are computed from CODE.

#define CODE    0x100000
#define REPORT  0xf4
#define AT(label) (CODE + (label) - caisson_self_test_begin)

// Free low memory of the guest.
#define IDT     0x1000
#define TSS     0x3000
#define SCRATCH 0x4000
#define USER_STACK 0x6000
#define KERNEL_STACK 0x8f00
#define PAGE_TABLES 0x9000

#define CODE_SELECTOR 0x10
#define USER_DATA     (0x28 | 3)
#define USER_CODE     (0x30 | 3)
#define TSS_SELECTOR  0x38
#define TIMER_VECTOR  0x40
#define TSC_DEADLINE_MODE 0x40000
#define ROUNDS        3
#define ITERATIONS    20000

        .section .rodata.caisson_self_test, "a"
        .code64
        .balign 16
        .globl caisson_self_test_begin, caisson_self_test_end
        .hidden caisson_self_test_begin, caisson_self_test_end

        .macro report step
        mov     $\step, %eax
        out     %eax, $REPORT
        .endm

caisson_self_test_begin:
        mov     $KERNEL_STACK, %esp
        report  1                       // ring 0

        // Ring 3 may use the first 2 MiB from now on.
        orq     $4, PAGE_TABLES
        orq     $4, PAGE_TABLES + 0x1000
        orq     $4, PAGE_TABLES + 0x2000
        mov     %cr3, %rax
        mov     %rax, %cr3
        lgdt    AT(gdt_pointer)
        mov     $TSS_SELECTOR, %eax
        movl    $KERNEL_STACK, TSS + 4  // RSP0
        ltr     %ax
        // Every vector leads to `fault`, the timer's to its handler [sdm] 6.14.1.
        mov     $IDT, %edi
        xor     %ecx, %ecx
1:      mov     $AT(fault), %eax
        cmp     $TIMER_VECTOR, %ecx
        jne     2f
        mov     $AT(on_timer), %eax
2:      mov     %ax, (%rdi)
        movw    $CODE_SELECTOR, 2(%rdi)
        movw    $0x8e00, 4(%rdi)
        shr     $16, %eax
        mov     %ax, 6(%rdi)
        movq    $0, 8(%rdi)
        add     $16, %edi
        inc     %ecx
        cmp     $TIMER_VECTOR + 1, %ecx
        jne     1b
        lidt    AT(idt_pointer)

        movq    $7, SCRATCH
        movq    $8, SCRATCH + 8
        mov     $7, %eax
        mov     $8, %edx
        mov     $9, %ebx
        mov     $10, %ecx
        lock cmpxchg16b SCRATCH
        jne     fault
        cmpq    $9, SCRATCH
        jne     fault
        report  2                       // cmpxchg16b

        // One deadline of the local APIC's timer, in x2APIC mode as Linux has it under KVM [sdm] 11.12, 11.5.4.1. It is told by
        // this guest's own time stamp counter: where KVM has another idea of that, every timer of Linux comes late.
        mov     $0x1b, %ecx
        rdmsr
        or      $0xc00, %eax
        wrmsr
        xor     %edx, %edx
        mov     $0x80f, %ecx            // spurious vector, APIC on
        mov     $0x1ff, %eax
        wrmsr
        mov     $0x832, %ecx            // the timer's vector and mode
        mov     $(TSC_DEADLINE_MODE | TIMER_VECTOR), %eax
        wrmsr
        xor     %r15d, %r15d
        rdtsc
        add     $10000, %eax
        adc     $0, %edx
        mov     $0x6e0, %ecx            // the deadline
        wrmsr
3:      cli
        test    %r15d, %r15d
        jnz     4f
        sti
halt:   hlt
        jmp     3b
4:      report  3                       // timer interrupt

        // SYSCALL enters at on_syscall; SYSRET leaves to the segments after 0x20 [sdm] 5.8.8.
        mov     $0xc0000080, %ecx
        rdmsr
        or      $1, %eax
        wrmsr
        mov     $0xc0000081, %ecx
        xor     %eax, %eax
        mov     $(0x20 << 16 | CODE_SELECTOR), %edx
        wrmsr
        mov     $0xc0000082, %ecx
        mov     $AT(on_syscall), %eax
        xor     %edx, %edx
        wrmsr
        mov     $0xc0000084, %ecx
        mov     $0x200, %eax
        wrmsr
        pushq   $USER_DATA
        pushq   $USER_STACK
        pushq   $2
        pushq   $USER_CODE
        pushq   $AT(in_user)
        iretq

in_user:
        mov     %cs, %eax
        and     $3, %eax
        cmp     $3, %eax
        jne     fault
        mov     $4, %ebx
        syscall
        mov     %cs, %eax
        and     $3, %eax
        cmp     $3, %eax
        jne     fault
        mov     $5, %ebx
        syscall
        ud2

on_syscall:
        mov     %cs, %eax
        test    $3, %eax
        jnz     fault
        mov     $KERNEL_STACK, %esp
        mov     %ebx, %eax
        out     %eax, $REPORT           // 4: ring 3 and SYSCALL; 5: SYSRET came back to ring 3
        cmp     $5, %ebx
        je      speed
        sysretq

        // 6, then 7 when ITERATIONS of two instructions are done; ROUNDS times.
speed:
        mov     $ROUNDS, %r14d
5:      report  6
        mov     $ITERATIONS, %ecx
6:      dec     %ecx
        jnz     6b
        report  7
        dec     %r14d
        jnz     5b
        report  8                       // the end
7:      hlt
        jmp     7b

on_timer:
        mov     $1, %r15d
        push    %rcx
        push    %rax
        push    %rdx
        mov     $0x80b, %ecx            // end of interrupt
        xor     %eax, %eax
        xor     %edx, %edx
        wrmsr
        // An interrupt between STI and HLT: a processor holds it back until HLT is entered, QEMU's emulation of one loses that hold
        // now and then (docs/testbed.md), and the only shot would be spent before the halt that waits for it. Step over the halt.
        cmpq    $AT(halt), 24(%rsp)
        jne     8f
        incq    24(%rsp)
8:      pop     %rdx
        pop     %rax
        pop     %rcx
        iretq

fault:
        report  0xff
        jmp     7b

        .balign 8
gdt:
        .quad   0, 0
        .quad   0x00af9b000000ffff      // 0x10 code
        .quad   0x00cf93000000ffff      // 0x18 data
        .quad   0x00cffb000000ffff      // 0x20 ring 3, 32 bits: only where SYSRET counts from
        .quad   0x00cff3000000ffff      // 0x28 ring 3 data
        .quad   0x00affb000000ffff      // 0x30 ring 3 code
        .quad   0x0000890000000067 | ((TSS & 0xffffff) << 16)
        .quad   0
gdt_pointer:
        .word   gdt_pointer - gdt - 1
        .quad   AT(gdt)
idt_pointer:
        .word   16 * (TIMER_VECTOR + 1) - 1
        .quad   IDT
caisson_self_test_end:

        .section .note.GNU-stack, "", @progbits
