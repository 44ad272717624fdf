; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; A sum of floats without reassoc keeps its order.

; CHECK-LABEL: @f(
; CHECK-NOT: reduce
; CHECK: ret float

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define float @f(ptr %a) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 4
  %a2 = getelementptr inbounds i8, ptr %a, i64 8
  %a3 = getelementptr inbounds i8, ptr %a, i64 12
  %a4 = getelementptr inbounds i8, ptr %a, i64 16
  %a5 = getelementptr inbounds i8, ptr %a, i64 20
  %a6 = getelementptr inbounds i8, ptr %a, i64 24
  %a7 = getelementptr inbounds i8, ptr %a, i64 28
  %x0 = load float, ptr %a0, align 4
  %x1 = load float, ptr %a1, align 4
  %x2 = load float, ptr %a2, align 4
  %x3 = load float, ptr %a3, align 4
  %x4 = load float, ptr %a4, align 4
  %x5 = load float, ptr %a5, align 4
  %x6 = load float, ptr %a6, align 4
  %x7 = load float, ptr %a7, align 4
  %s1 = fadd float %x0, %x1
  %s2 = fadd float %s1, %x2
  %s3 = fadd float %s2, %x3
  %s4 = fadd float %s3, %x4
  %s5 = fadd float %s4, %x5
  %s6 = fadd float %s5, %x6
  %s7 = fadd float %s6, %x7
  ret float %s7
}

attributes #0 = { "target-cpu"="x86-64-v3" }
