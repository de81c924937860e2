// SPDX-License-Identifier: Apache-2.0
// A stand-in for the kernel that tells when it was entered: the time stamp counter at its first instruction, as 16 hexadecimal digits on the first
// serial port, then a triple fault. Built and run by guest-kernel/measure, loaded like the real vmlinux by its PVH note, so that what firmware costs
// can be taken off.

    .code32
    .text
    .globl _start
_start:
    rdtsc
    movl $stack_top, %esp
    movl %eax, %esi
    movl %edx, %eax
    call print
    movl %esi, %eax
    call print
    movb $'\n', %al
    movw $0x3f8, %dx
    outb %al, %dx
    lidt no_handlers
    int3

// Prints %eax.
print:
    movl $8, %ecx
    movw $0x3f8, %dx
next_digit:
    roll $4, %eax
    movl %eax, %ebx
    andl $15, %ebx
    xchgl %eax, %ebx
    movb digits(%eax), %al
    outb %al, %dx
    movl %ebx, %eax
    loop next_digit
    ret

digits:
    .ascii "0123456789abcdef"
no_handlers:
    .word 0
    .long 0

    .bss
    .skip 64
stack_top:

    .section .note.pvh, "a"
    .align 4
    .long 4, 4, 18          // name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start
