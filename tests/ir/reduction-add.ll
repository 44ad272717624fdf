; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; A sum of eight neighbours; reassociation drops nsw.

; CHECK-LABEL: @f(
; CHECK: [[V:%.+]] = load <8 x i32>
; CHECK: %s7 = call i32 @llvm.vector.reduce.add.v8i32(<8 x i32> [[V]])
; CHECK: ret i32 %s7

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define i32 @f(ptr %a) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 4
  %a2 = getelementptr inbounds i8, ptr %a, i64 8
  %a3 = getelementptr inbounds i8, ptr %a, i64 12
  %a4 = getelementptr inbounds i8, ptr %a, i64 16
  %a5 = getelementptr inbounds i8, ptr %a, i64 20
  %a6 = getelementptr inbounds i8, ptr %a, i64 24
  %a7 = getelementptr inbounds i8, ptr %a, i64 28
  %x0 = load i32, ptr %a0, align 4
  %x1 = load i32, ptr %a1, align 4
  %x2 = load i32, ptr %a2, align 4
  %x3 = load i32, ptr %a3, align 4
  %x4 = load i32, ptr %a4, align 4
  %x5 = load i32, ptr %a5, align 4
  %x6 = load i32, ptr %a6, align 4
  %x7 = load i32, ptr %a7, align 4
  %s1 = add nsw i32 %x0, %x1
  %s2 = add nsw i32 %s1, %x2
  %s3 = add nsw i32 %s2, %x3
  %s4 = add nsw i32 %s3, %x4
  %s5 = add nsw i32 %s4, %x5
  %s6 = add nsw i32 %s5, %x6
  %s7 = add nsw i32 %s6, %x7
  ret i32 %s7
}

attributes #0 = { "target-cpu"="x86-64-v3" }
