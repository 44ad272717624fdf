; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; A unary operation, its own lanes only.

; CHECK-LABEL: @f(
; CHECK: fneg <4 x double>

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr noalias %out, ptr %a, ptr %b) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 8
  %a2 = getelementptr inbounds i8, ptr %a, i64 16
  %a3 = getelementptr inbounds i8, ptr %a, i64 24
  %b0 = getelementptr inbounds i8, ptr %b, i64 0
  %b1 = getelementptr inbounds i8, ptr %b, i64 8
  %b2 = getelementptr inbounds i8, ptr %b, i64 16
  %b3 = getelementptr inbounds i8, ptr %b, i64 24
  %o0 = getelementptr inbounds i8, ptr %out, i64 0
  %o1 = getelementptr inbounds i8, ptr %out, i64 8
  %o2 = getelementptr inbounds i8, ptr %out, i64 16
  %o3 = getelementptr inbounds i8, ptr %out, i64 24
  %x0 = load double, ptr %a0, align 8
  %y0 = load double, ptr %b0, align 8
  %x1 = load double, ptr %a1, align 8
  %y1 = load double, ptr %b1, align 8
  %x2 = load double, ptr %a2, align 8
  %y2 = load double, ptr %b2, align 8
  %x3 = load double, ptr %a3, align 8
  %y3 = load double, ptr %b3, align 8
  %r0 = fneg double %x0
  %r1 = fneg double %x1
  %r2 = fneg double %x2
  %r3 = fneg double %x3
  store double %r0, ptr %o0, align 8
  store double %r1, ptr %o1, align 8
  store double %r2, ptr %o2, align 8
  store double %r3, ptr %o3, align 8
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
