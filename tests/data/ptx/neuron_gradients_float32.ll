define ptx_kernel void @kernel(ptr byval([11 x i64]) align 8 %args) {
entry:
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %p0.a = getelementptr i64, ptr %args, i64 0
  %p0 = load ptr addrspace(1), ptr %p0.a
  %p1.a = getelementptr i64, ptr %args, i64 1
  %p1 = load ptr addrspace(1), ptr %p1.a
  %p2.a = getelementptr i64, ptr %args, i64 2
  %p2 = load ptr addrspace(1), ptr %p2.a
  %p3.a = getelementptr i64, ptr %args, i64 3
  %p3 = load ptr addrspace(1), ptr %p3.a
  %p4.a = getelementptr i64, ptr %args, i64 4
  %p4 = load ptr addrspace(1), ptr %p4.a
  %total.a = getelementptr i64, ptr %args, i64 5
  %total.w = load i64, ptr %total.a
  %total = trunc i64 %total.w to i32
  %turns.a = getelementptr i64, ptr %args, i64 6
  %turns.w = load i64, ptr %turns.a
  %turns = trunc i64 %turns.w to i32
  %limit.a = getelementptr i64, ptr %args, i64 7
  %limit.w = load i64, ptr %limit.a
  %limit = trunc i64 %limit.w to i32
  %workers.a = getelementptr i64, ptr %args, i64 8
  %workers.w = load i64, ptr %workers.a
  %workers = trunc i64 %workers.w to i32
  %positions.a = getelementptr i64, ptr %args, i64 9
  %positions.w = load i64, ptr %positions.a
  %positions = trunc i64 %positions.w to i32
  %stride0_0.a = getelementptr i64, ptr %args, i64 10
  %stride0_0.w = load i64, ptr %stride0_0.a
  %stride0_0 = trunc i64 %stride0_0.w to i32
  %before = mul i32 %block, 256
  %g = add i32 %before, %thread
  %works = icmp ult i32 %g, %total
  br i1 %works, label %start, label %done
start:
  %k = urem i32 %g, %positions
  %w = udiv i32 %g, %positions
  %c.k = mul i32 %k, 4
  %e1.k = getelementptr float, ptr addrspace(1) %p1, i32 %c.k
  %y1.k.0 = load float, ptr addrspace(1) %e1.k, align 16, !invariant.load !0
  %e1.k.1 = getelementptr float, ptr addrspace(1) %e1.k, i32 1
  %y1.k.1 = load float, ptr addrspace(1) %e1.k.1, align 4, !invariant.load !0
  %e1.k.2 = getelementptr float, ptr addrspace(1) %e1.k, i32 2
  %y1.k.2 = load float, ptr addrspace(1) %e1.k.2, align 4, !invariant.load !0
  %e1.k.3 = getelementptr float, ptr addrspace(1) %e1.k, i32 3
  %y1.k.3 = load float, ptr addrspace(1) %e1.k.3, align 4, !invariant.load !0
  br label %turn
turn:
  %s = phi i32 [ %w, %start ], [ %s.next, %turned ]
  %a3.0 = phi float [ 0.0, %start ], [ %t3.0, %turned ]
  %a3.1 = phi float [ 0.0, %start ], [ %t3.1, %turned ]
  %a3.2 = phi float [ 0.0, %start ], [ %t3.2, %turned ]
  %a3.3 = phi float [ 0.0, %start ], [ %t3.3, %turned ]
  %more = icmp ult i32 %s, %turns
  br i1 %more, label %work, label %finish
work:
  %m0_0.0 = mul i32 %s, %stride0_0
  %t0_0.0 = add i32 %c.k, %m0_0.0
  %e0.0 = getelementptr float, ptr addrspace(1) %p0, i32 %t0_0.0
  %y0.0.0 = load float, ptr addrspace(1) %e0.0, align 16, !invariant.load !0
  %e0.0.1 = getelementptr float, ptr addrspace(1) %e0.0, i32 1
  %y0.0.1 = load float, ptr addrspace(1) %e0.0.1, align 4, !invariant.load !0
  %e0.0.2 = getelementptr float, ptr addrspace(1) %e0.0, i32 2
  %y0.0.2 = load float, ptr addrspace(1) %e0.0.2, align 4, !invariant.load !0
  %e0.0.3 = getelementptr float, ptr addrspace(1) %e0.0, i32 3
  %y0.0.3 = load float, ptr addrspace(1) %e0.0.3, align 4, !invariant.load !0
  %m2_0.0 = mul i32 %s, %stride0_0
  %t2_0.0 = add i32 %c.k, %m2_0.0
  %e2.0 = getelementptr float, ptr addrspace(1) %p2, i32 %t2_0.0
  %y2.0.0 = load float, ptr addrspace(1) %e2.0, align 16, !invariant.load !0
  %e2.0.1 = getelementptr float, ptr addrspace(1) %e2.0, i32 1
  %y2.0.1 = load float, ptr addrspace(1) %e2.0.1, align 4, !invariant.load !0
  %e2.0.2 = getelementptr float, ptr addrspace(1) %e2.0, i32 2
  %y2.0.2 = load float, ptr addrspace(1) %e2.0.2, align 4, !invariant.load !0
  %e2.0.3 = getelementptr float, ptr addrspace(1) %e2.0, i32 3
  %y2.0.3 = load float, ptr addrspace(1) %e2.0.3, align 4, !invariant.load !0
  %b.0.0 = call { float, float } @quick(float %y0.0.0, float %y1.k.0, float %y2.0.0)
  %r3.0.0 = extractvalue { float, float } %b.0.0, 0
  %r4.0.0 = extractvalue { float, float } %b.0.0, 1
  %b.0.1 = call { float, float } @quick(float %y0.0.1, float %y1.k.1, float %y2.0.1)
  %r3.0.1 = extractvalue { float, float } %b.0.1, 0
  %r4.0.1 = extractvalue { float, float } %b.0.1, 1
  %b.0.2 = call { float, float } @quick(float %y0.0.2, float %y1.k.2, float %y2.0.2)
  %r3.0.2 = extractvalue { float, float } %b.0.2, 0
  %r4.0.2 = extractvalue { float, float } %b.0.2, 1
  %b.0.3 = call { float, float } @quick(float %y0.0.3, float %y1.k.3, float %y2.0.3)
  %r3.0.3 = extractvalue { float, float } %b.0.3, 0
  %r4.0.3 = extractvalue { float, float } %b.0.3, 1
  %m4_0.0 = mul i32 %s, %stride0_0
  %t4_0.0 = add i32 %c.k, %m4_0.0
  %e4.0 = getelementptr float, ptr addrspace(1) %p4, i32 %t4_0.0
  %z4.0.0 = insertelement <4 x float> poison, float %r4.0.0, i32 0
  %z4.0.1 = insertelement <4 x float> %z4.0.0, float %r4.0.1, i32 1
  %z4.0.2 = insertelement <4 x float> %z4.0.1, float %r4.0.2, i32 2
  %z4.0.3 = insertelement <4 x float> %z4.0.2, float %r4.0.3, i32 3
  store <4 x float> %z4.0.3, ptr addrspace(1) %e4.0, align 16
  %q3.0 = fadd float %a3.0, %r3.0.0
  %q3.1 = fadd float %a3.1, %r3.0.1
  %q3.2 = fadd float %a3.2, %r3.0.2
  %q3.3 = fadd float %a3.3, %r3.0.3
  br label %turned
turned:
  %t3.0 = phi float [ %q3.0, %work ]
  %t3.1 = phi float [ %q3.1, %work ]
  %t3.2 = phi float [ %q3.2, %work ]
  %t3.3 = phi float [ %q3.3, %work ]
  %stride = mul i32 %workers, 1
  %s.next = add i32 %s, %stride
  br label %turn
finish:
  %n3 = mul i32 %g, 4
  %w3 = getelementptr float, ptr addrspace(1) %p3, i32 %n3
  %v3.0 = insertelement <4 x float> poison, float %a3.0, i32 0
  %v3.1 = insertelement <4 x float> %v3.0, float %a3.1, i32 1
  %v3.2 = insertelement <4 x float> %v3.1, float %a3.2, i32 2
  %v3.3 = insertelement <4 x float> %v3.2, float %a3.3, i32 3
  store <4 x float> %v3.3, ptr addrspace(1) %w3, align 16
  br label %done
done:
  ret void
}
define internal { float, float } @quick(float %x0, float %x1, float %x2) alwaysinline {
  %v2 = fmul float %x0, %x2
  %v4 = fmul float %x0, %x1
  %r0 = insertvalue { float, float } poison, float %v2, 0
  %r1 = insertvalue { float, float } %r0, float %v4, 1
  ret { float, float } %r1
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
!0 = !{}
!1 = !{!"branch_weights", i32 1, i32 2000}
!2 = distinct !{!2, !3}
!3 = !{!"llvm.loop.unroll.disable"}
