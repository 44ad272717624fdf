; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; Compares become a vector of i1 that selects lane by lane.

; CHECK-LABEL: @f(
; CHECK: [[C:%.+]] = icmp slt <4 x i32>
; CHECK: select <4 x i1> [[C]], <4 x i32>

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
  %x0 = load i32, ptr %a0, align 4
  %y0 = load i32, ptr %b0, align 4
  %x1 = load i32, ptr %a1, align 4
  %y1 = load i32, ptr %b1, align 4
  %x2 = load i32, ptr %a2, align 4
  %y2 = load i32, ptr %b2, align 4
  %x3 = load i32, ptr %a3, align 4
  %y3 = load i32, ptr %b3, align 4
  %c0 = icmp slt i32 %x0, %y0
  %r0 = select i1 %c0, i32 %x0, i32 %y0
  %c1 = icmp slt i32 %x1, %y1
  %r1 = select i1 %c1, i32 %x1, i32 %y1
  %c2 = icmp slt i32 %x2, %y2
  %r2 = select i1 %c2, i32 %x2, i32 %y2
  %c3 = icmp slt i32 %x3, %y3
  %r3 = select i1 %c3, i32 %x3, i32 %y3
  store i32 %r0, ptr %o0, align 4
  store i32 %r1, ptr %o1, align 4
  store i32 %r2, ptr %o2, align 4
  store i32 %r3, ptr %o3, align 4
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
