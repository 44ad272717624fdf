; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; Numbered values get names where a function changes, arguments and labels too.

; CHECK-LABEL: @f(
; CHECK-SAME: ptr %v0, ptr %v1)
; CHECK: br label %v{{[0-9]+}}
; CHECK: v{{[0-9]+}}:
; CHECK: store <2 x double>

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr %0, ptr %1) #0 {
  %3 = load double, ptr %0, align 8
  %4 = getelementptr i8, ptr %0, i64 8
  %5 = load double, ptr %4, align 8
  br label %6

6:
  %7 = fmul double %3, %3
  %8 = fmul double %5, %5
  store double %7, ptr %1, align 8
  %9 = getelementptr i8, ptr %1, i64 8
  store double %8, ptr %9, align 8
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
