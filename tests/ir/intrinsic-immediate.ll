; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; The flag of llvm.abs stays scalar and must be the same in all lanes.

; CHECK-LABEL: @f(
; CHECK: call <4 x i32> @llvm.abs.v4i32(<4 x i32> {{.*}}, i1 true)

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

declare i32 @llvm.abs.i32(i32, i1 immarg)

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
  %x0 = load i32, ptr %a0, align 4
  %y0 = load i32, ptr %b0, align 4
  %x1 = load i32, ptr %a1, align 4
  %y1 = load i32, ptr %b1, align 4
  %x2 = load i32, ptr %a2, align 4
  %y2 = load i32, ptr %b2, align 4
  %x3 = load i32, ptr %a3, align 4
  %y3 = load i32, ptr %b3, align 4
  %r0 = call i32 @llvm.abs.i32(i32 %x0, i1 true)
  %r1 = call i32 @llvm.abs.i32(i32 %x1, i1 true)
  %r2 = call i32 @llvm.abs.i32(i32 %x2, i1 true)
  %r3 = call i32 @llvm.abs.i32(i32 %x3, i1 true)
  store i32 %r0, ptr %o0, align 4
  store i32 %r1, ptr %o1, align 4
  store i32 %r2, ptr %o2, align 4
  store i32 %r3, ptr %o3, align 4
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
