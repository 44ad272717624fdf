; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; A tag that one lane lacks is dropped.

; CHECK-LABEL: @f(
; CHECK: load <4 x float>, ptr %a0, align 4{{$}}

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr noalias %out, ptr %a, ptr %b) #0 {
  %a0 = getelementptr inbounds i8, ptr %a, i64 0
  %a1 = getelementptr inbounds i8, ptr %a, i64 4
  %a2 = getelementptr inbounds i8, ptr %a, i64 8
  %a3 = getelementptr inbounds i8, ptr %a, i64 12
  %o0 = getelementptr inbounds i8, ptr %out, i64 0
  %o1 = getelementptr inbounds i8, ptr %out, i64 4
  %o2 = getelementptr inbounds i8, ptr %out, i64 8
  %o3 = getelementptr inbounds i8, ptr %out, i64 12
  %x0 = load float, ptr %a0, align 4, !tbaa !0
  %x1 = load float, ptr %a1, align 4, !tbaa !0
  %x2 = load float, ptr %a2, align 4, !tbaa !0
  %x3 = load float, ptr %a3, align 4
  %r0 = fmul float %x0, %x0
  %r1 = fmul float %x1, %x1
  %r2 = fmul float %x2, %x2
  %r3 = fmul float %x3, %x3
  store float %r0, ptr %o0, align 4
  store float %r1, ptr %o1, align 4
  store float %r2, ptr %o2, align 4
  store float %r3, ptr %o3, align 4
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }

!0 = !{!1, !1, i64 0}
!1 = !{!"float", !2, i64 0}
!2 = !{!"char", !3, i64 0}
!3 = !{!"root"}
