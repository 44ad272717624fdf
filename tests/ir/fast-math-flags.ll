; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; Fast-math flags are intersected; fast stands for all of them.

; CHECK-LABEL: @f(
; CHECK: fadd reassoc nnan <4 x float>

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr noalias %out, ptr %a, ptr %b) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 4
  %a2 = getelementptr inbounds i8, ptr %a, i64 8
  %a3 = getelementptr inbounds i8, ptr %a, i64 12
  %b0 = getelementptr inbounds i8, ptr %b, i64 0
  %b1 = getelementptr inbounds i8, ptr %b, i64 4
  %b2 = getelementptr inbounds i8, ptr %b, i64 8
  %b3 = getelementptr inbounds i8, ptr %b, i64 12
  %o0 = getelementptr inbounds i8, ptr %out, i64 0
  %o1 = getelementptr inbounds i8, ptr %out, i64 4
  %o2 = getelementptr inbounds i8, ptr %out, i64 8
  %o3 = getelementptr inbounds i8, ptr %out, i64 12
  %x0 = load float, ptr %a0, align 4
  %y0 = load float, ptr %b0, align 4
  %x1 = load float, ptr %a1, align 4
  %y1 = load float, ptr %b1, align 4
  %x2 = load float, ptr %a2, align 4
  %y2 = load float, ptr %b2, align 4
  %x3 = load float, ptr %a3, align 4
  %y3 = load float, ptr %b3, align 4
  %r0 = fadd fast float %x0, %y0
  %r1 = fadd reassoc nnan nsz float %x1, %y1
  %r2 = fadd fast float %x2, %y2
  %r3 = fadd reassoc nnan arcp float %x3, %y3
  store float %r0, ptr %o0, align 4
  store float %r1, ptr %o1, align 4
  store float %r2, ptr %o2, align 4
  store float %r3, ptr %o3, align 4
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
