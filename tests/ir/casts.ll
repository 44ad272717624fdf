; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; Casts with the same types at both ends.

; CHECK-LABEL: @f(
; CHECK: sext <4 x i16> {{.*}} to <4 x i32>
; CHECK: mul nsw <4 x i32>

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr noalias %out, ptr %a, ptr %b) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 2
  %a2 = getelementptr inbounds i8, ptr %a, i64 4
  %a3 = getelementptr inbounds i8, ptr %a, i64 6
  %b0 = getelementptr inbounds i8, ptr %b, i64 0
  %b1 = getelementptr inbounds i8, ptr %b, i64 2
  %b2 = getelementptr inbounds i8, ptr %b, i64 4
  %b3 = getelementptr inbounds i8, ptr %b, i64 6
  %o0 = getelementptr inbounds i8, ptr %out, i64 0
  %o1 = getelementptr inbounds i8, ptr %out, i64 4
  %o2 = getelementptr inbounds i8, ptr %out, i64 8
  %o3 = getelementptr inbounds i8, ptr %out, i64 12
  %x0 = load i16, ptr %a0, align 2
  %y0 = load i16, ptr %b0, align 2
  %x1 = load i16, ptr %a1, align 2
  %y1 = load i16, ptr %b1, align 2
  %x2 = load i16, ptr %a2, align 2
  %y2 = load i16, ptr %b2, align 2
  %x3 = load i16, ptr %a3, align 2
  %y3 = load i16, ptr %b3, align 2
  %w0 = sext i16 %x0 to i32
  %v0 = sext i16 %y0 to i32
  %r0 = mul nsw i32 %w0, %v0
  %w1 = sext i16 %x1 to i32
  %v1 = sext i16 %y1 to i32
  %r1 = mul nsw i32 %w1, %v1
  %w2 = sext i16 %x2 to i32
  %v2 = sext i16 %y2 to i32
  %r2 = mul nsw i32 %w2, %v2
  %w3 = sext i16 %x3 to i32
  %v3 = sext i16 %y3 to i32
  %r3 = mul nsw i32 %w3, %v3
  store i32 %r0, ptr %o0, align 4
  store i32 %r1, ptr %o1, align 4
  store i32 %r2, ptr %o2, align 4
  store i32 %r3, ptr %o3, align 4
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
