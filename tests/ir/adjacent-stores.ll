; RUN: vecgnn vectorize %s --packer greedy --mcpu x86-64-v3 -o - | filecheck %s

; Four products stored side by side become one vector product.

; CHECK-LABEL: @products(
; CHECK:       load <4 x double>
; CHECK:       fmul <4 x double>
; CHECK:       store <4 x double>
; CHECK-NEXT:  ret void

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @products(ptr noalias %out, ptr %a, ptr %b) #0 {
  %a1 = getelementptr inbounds i8, ptr %a, i64 8
  %a2 = getelementptr inbounds i8, ptr %a, i64 16
  %a3 = getelementptr inbounds i8, ptr %a, i64 24
  %b1 = getelementptr inbounds i8, ptr %b, i64 8
  %b2 = getelementptr inbounds i8, ptr %b, i64 16
  %b3 = getelementptr inbounds i8, ptr %b, i64 24
  %o1 = getelementptr inbounds i8, ptr %out, i64 8
  %o2 = getelementptr inbounds i8, ptr %out, i64 16
  %o3 = getelementptr inbounds i8, ptr %out, i64 24
  %x0 = load double, ptr %a, align 8
  %x1 = load double, ptr %a1, align 8
  %x2 = load double, ptr %a2, align 8
  %x3 = load double, ptr %a3, align 8
  %y0 = load double, ptr %b, align 8
  %y1 = load double, ptr %b1, align 8
  %y2 = load double, ptr %b2, align 8
  %y3 = load double, ptr %b3, align 8
  %p0 = fmul double %x0, %y0
  %p1 = fmul double %x1, %y1
  %p2 = fmul double %x2, %y2
  %p3 = fmul double %x3, %y3
  store double %p0, ptr %out, align 8
  store double %p1, ptr %o1, align 8
  store double %p2, ptr %o2, align 8
  store double %p3, ptr %o3, align 8
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" }
