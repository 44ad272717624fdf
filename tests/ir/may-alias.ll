; RUN: vecgnn vectorize %s --packer greedy --mcpu x86-64-v3 -o - | filecheck %s

; A store between the loads that may write what the second one reads: nothing may move across it.

; CHECK-LABEL: @copied(
; CHECK-NOT:   <2 x
; CHECK:       ret void

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @copied(ptr %to, ptr %from) #0 {
  %from1 = getelementptr inbounds i8, ptr %from, i64 8
  %to1 = getelementptr inbounds i8, ptr %to, i64 8
  %x0 = load double, ptr %from, align 8
  store double %x0, ptr %to, align 8
  %x1 = load double, ptr %from1, align 8
  store double %x1, ptr %to1, align 8
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
