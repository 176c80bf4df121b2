define ptx_kernel void @kernel(ptr byval([16 x i64]) align 8 %args) {
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
  %size2.a = getelementptr i64, ptr %args, i64 10
  %size2.w = load i64, ptr %size2.a
  %size2 = trunc i64 %size2.w to i32
  %magic2.a = getelementptr i64, ptr %args, i64 11
  %magic2.w = load i64, ptr %magic2.a
  %magic2 = trunc i64 %magic2.w to i32
  %shift2.a = getelementptr i64, ptr %args, i64 12
  %shift2 = load i64, ptr %shift2.a
  %stride0_0.a = getelementptr i64, ptr %args, i64 13
  %stride0_0.w = load i64, ptr %stride0_0.a
  %stride0_0 = trunc i64 %stride0_0.w to i32
  %stride0_1.a = getelementptr i64, ptr %args, i64 14
  %stride0_1.w = load i64, ptr %stride0_1.a
  %stride0_1 = trunc i64 %stride0_1.w to i32
  %stride1_1.a = getelementptr i64, ptr %args, i64 15
  %stride1_1.w = load i64, ptr %stride1_1.a
  %stride1_1 = trunc i64 %stride1_1.w to i32
  %before = mul i32 %block, 256
  %g = add i32 %before, %thread
  %works = icmp ult i32 %g, %total
  br i1 %works, label %start, label %done
start:
  %w = urem i32 %g, %workers
  %k = udiv i32 %g, %workers
  %m1_1.k = mul i32 %k, %stride1_1
  %e1.k = getelementptr bfloat, ptr addrspace(1) %p1, i32 %m1_1.k
  %y1.k.0 = load bfloat, ptr addrspace(1) %e1.k, align 2, !invariant.load !0
  %x1.k.0 = fpext bfloat %y1.k.0 to float
  br label %turn
turn:
  %s = phi i32 [ %w, %start ], [ %s.next, %turned ]
  %a3.0 = phi float [ 0.0, %start ], [ %t3.0, %turned ]
  %a3.1 = phi float [ 0.0, %start ], [ %t3.1, %turned ]
  %a3.2 = phi float [ 0.0, %start ], [ %t3.2, %turned ]
  %a3.3 = phi float [ 0.0, %start ], [ %t3.3, %turned ]
  %a3.4 = phi float [ 0.0, %start ], [ %t3.4, %turned ]
  %a3.5 = phi float [ 0.0, %start ], [ %t3.5, %turned ]
  %a3.6 = phi float [ 0.0, %start ], [ %t3.6, %turned ]
  %a3.7 = phi float [ 0.0, %start ], [ %t3.7, %turned ]
  %more = icmp ult i32 %s, %turns
  br i1 %more, label %work, label %finish
work:
  %q2.0.x = zext i32 %s to i64
  %q2.0.d = zext i32 %magic2 to i64
  %q2.0.p = mul i64 %q2.0.x, %q2.0.d
  %q2.0.s = lshr i64 %q2.0.p, %shift2
  %q2.0 = trunc i64 %q2.0.s to i32
  %q2.0.m = mul i32 %q2.0, %size2
  %i2.0 = sub i32 %s, %q2.0.m
  %c.0 = mul i32 %i2.0, 8
  %m0_1.0 = mul i32 %k, %stride0_1
  %m0_0.0 = mul i32 %q2.0, %stride0_0
  %t0_0.0 = add i32 %m0_1.0, %m0_0.0
  %t0_2.0 = add i32 %t0_0.0, %c.0
  %e0.0 = getelementptr bfloat, ptr addrspace(1) %p0, i32 %t0_2.0
  %y0.0.0 = load bfloat, ptr addrspace(1) %e0.0, align 16, !invariant.load !0
  %e0.0.1 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 1
  %y0.0.1 = load bfloat, ptr addrspace(1) %e0.0.1, align 2, !invariant.load !0
  %e0.0.2 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 2
  %y0.0.2 = load bfloat, ptr addrspace(1) %e0.0.2, align 2, !invariant.load !0
  %e0.0.3 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 3
  %y0.0.3 = load bfloat, ptr addrspace(1) %e0.0.3, align 2, !invariant.load !0
  %e0.0.4 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 4
  %y0.0.4 = load bfloat, ptr addrspace(1) %e0.0.4, align 2, !invariant.load !0
  %e0.0.5 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 5
  %y0.0.5 = load bfloat, ptr addrspace(1) %e0.0.5, align 2, !invariant.load !0
  %e0.0.6 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 6
  %y0.0.6 = load bfloat, ptr addrspace(1) %e0.0.6, align 2, !invariant.load !0
  %e0.0.7 = getelementptr bfloat, ptr addrspace(1) %e0.0, i32 7
  %y0.0.7 = load bfloat, ptr addrspace(1) %e0.0.7, align 2, !invariant.load !0
  %x0.0.0 = fpext bfloat %y0.0.0 to float
  %x0.0.1 = fpext bfloat %y0.0.1 to float
  %x0.0.2 = fpext bfloat %y0.0.2 to float
  %x0.0.3 = fpext bfloat %y0.0.3 to float
  %x0.0.4 = fpext bfloat %y0.0.4 to float
  %x0.0.5 = fpext bfloat %y0.0.5 to float
  %x0.0.6 = fpext bfloat %y0.0.6 to float
  %x0.0.7 = fpext bfloat %y0.0.7 to float
  %m2_1.0 = mul i32 %k, %stride0_1
  %m2_0.0 = mul i32 %q2.0, %stride0_0
  %t2_0.0 = add i32 %m2_1.0, %m2_0.0
  %t2_2.0 = add i32 %t2_0.0, %c.0
  %e2.0 = getelementptr bfloat, ptr addrspace(1) %p2, i32 %t2_2.0
  %y2.0.0 = load bfloat, ptr addrspace(1) %e2.0, align 16, !invariant.load !0
  %e2.0.1 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 1
  %y2.0.1 = load bfloat, ptr addrspace(1) %e2.0.1, align 2, !invariant.load !0
  %e2.0.2 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 2
  %y2.0.2 = load bfloat, ptr addrspace(1) %e2.0.2, align 2, !invariant.load !0
  %e2.0.3 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 3
  %y2.0.3 = load bfloat, ptr addrspace(1) %e2.0.3, align 2, !invariant.load !0
  %e2.0.4 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 4
  %y2.0.4 = load bfloat, ptr addrspace(1) %e2.0.4, align 2, !invariant.load !0
  %e2.0.5 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 5
  %y2.0.5 = load bfloat, ptr addrspace(1) %e2.0.5, align 2, !invariant.load !0
  %e2.0.6 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 6
  %y2.0.6 = load bfloat, ptr addrspace(1) %e2.0.6, align 2, !invariant.load !0
  %e2.0.7 = getelementptr bfloat, ptr addrspace(1) %e2.0, i32 7
  %y2.0.7 = load bfloat, ptr addrspace(1) %e2.0.7, align 2, !invariant.load !0
  %x2.0.0 = fpext bfloat %y2.0.0 to float
  %x2.0.1 = fpext bfloat %y2.0.1 to float
  %x2.0.2 = fpext bfloat %y2.0.2 to float
  %x2.0.3 = fpext bfloat %y2.0.3 to float
  %x2.0.4 = fpext bfloat %y2.0.4 to float
  %x2.0.5 = fpext bfloat %y2.0.5 to float
  %x2.0.6 = fpext bfloat %y2.0.6 to float
  %x2.0.7 = fpext bfloat %y2.0.7 to float
  %b.0.0 = call { float, float } @quick(float %x0.0.0, float %x1.k.0, float %x2.0.0)
  %r3.0.0 = extractvalue { float, float } %b.0.0, 0
  %r4.0.0 = extractvalue { float, float } %b.0.0, 1
  %b.0.1 = call { float, float } @quick(float %x0.0.1, float %x1.k.0, float %x2.0.1)
  %r3.0.1 = extractvalue { float, float } %b.0.1, 0
  %r4.0.1 = extractvalue { float, float } %b.0.1, 1
  %b.0.2 = call { float, float } @quick(float %x0.0.2, float %x1.k.0, float %x2.0.2)
  %r3.0.2 = extractvalue { float, float } %b.0.2, 0
  %r4.0.2 = extractvalue { float, float } %b.0.2, 1
  %b.0.3 = call { float, float } @quick(float %x0.0.3, float %x1.k.0, float %x2.0.3)
  %r3.0.3 = extractvalue { float, float } %b.0.3, 0
  %r4.0.3 = extractvalue { float, float } %b.0.3, 1
  %b.0.4 = call { float, float } @quick(float %x0.0.4, float %x1.k.0, float %x2.0.4)
  %r3.0.4 = extractvalue { float, float } %b.0.4, 0
  %r4.0.4 = extractvalue { float, float } %b.0.4, 1
  %b.0.5 = call { float, float } @quick(float %x0.0.5, float %x1.k.0, float %x2.0.5)
  %r3.0.5 = extractvalue { float, float } %b.0.5, 0
  %r4.0.5 = extractvalue { float, float } %b.0.5, 1
  %b.0.6 = call { float, float } @quick(float %x0.0.6, float %x1.k.0, float %x2.0.6)
  %r3.0.6 = extractvalue { float, float } %b.0.6, 0
  %r4.0.6 = extractvalue { float, float } %b.0.6, 1
  %b.0.7 = call { float, float } @quick(float %x0.0.7, float %x1.k.0, float %x2.0.7)
  %r3.0.7 = extractvalue { float, float } %b.0.7, 0
  %r4.0.7 = extractvalue { float, float } %b.0.7, 1
  %m4_1.0 = mul i32 %k, %stride0_1
  %m4_0.0 = mul i32 %q2.0, %stride0_0
  %t4_0.0 = add i32 %m4_1.0, %m4_0.0
  %t4_2.0 = add i32 %t4_0.0, %c.0
  %e4.0 = getelementptr bfloat, ptr addrspace(1) %p4, i32 %t4_2.0
  %o4.0.0.h = fptrunc float %r4.0.0 to bfloat
  %o4.0.1.h = fptrunc float %r4.0.1 to bfloat
  %o4.0.2.h = fptrunc float %r4.0.2 to bfloat
  %o4.0.3.h = fptrunc float %r4.0.3 to bfloat
  %o4.0.4.h = fptrunc float %r4.0.4 to bfloat
  %o4.0.5.h = fptrunc float %r4.0.5 to bfloat
  %o4.0.6.h = fptrunc float %r4.0.6 to bfloat
  %o4.0.7.h = fptrunc float %r4.0.7 to bfloat
  %z4.0.0 = insertelement <8 x bfloat> poison, bfloat %o4.0.0.h, i32 0
  %z4.0.1 = insertelement <8 x bfloat> %z4.0.0, bfloat %o4.0.1.h, i32 1
  %z4.0.2 = insertelement <8 x bfloat> %z4.0.1, bfloat %o4.0.2.h, i32 2
  %z4.0.3 = insertelement <8 x bfloat> %z4.0.2, bfloat %o4.0.3.h, i32 3
  %z4.0.4 = insertelement <8 x bfloat> %z4.0.3, bfloat %o4.0.4.h, i32 4
  %z4.0.5 = insertelement <8 x bfloat> %z4.0.4, bfloat %o4.0.5.h, i32 5
  %z4.0.6 = insertelement <8 x bfloat> %z4.0.5, bfloat %o4.0.6.h, i32 6
  %z4.0.7 = insertelement <8 x bfloat> %z4.0.6, bfloat %o4.0.7.h, i32 7
  store <8 x bfloat> %z4.0.7, ptr addrspace(1) %e4.0, align 16
  %q3.0 = fadd float %a3.0, %r3.0.0
  %q3.1 = fadd float %a3.1, %r3.0.1
  %q3.2 = fadd float %a3.2, %r3.0.2
  %q3.3 = fadd float %a3.3, %r3.0.3
  %q3.4 = fadd float %a3.4, %r3.0.4
  %q3.5 = fadd float %a3.5, %r3.0.5
  %q3.6 = fadd float %a3.6, %r3.0.6
  %q3.7 = fadd float %a3.7, %r3.0.7
  br label %turned
turned:
  %t3.0 = phi float [ %q3.0, %work ]
  %t3.1 = phi float [ %q3.1, %work ]
  %t3.2 = phi float [ %q3.2, %work ]
  %t3.3 = phi float [ %q3.3, %work ]
  %t3.4 = phi float [ %q3.4, %work ]
  %t3.5 = phi float [ %q3.5, %work ]
  %t3.6 = phi float [ %q3.6, %work ]
  %t3.7 = phi float [ %q3.7, %work ]
  %stride = mul i32 %workers, 1
  %s.next = add i32 %s, %stride
  br label %turn
finish:
  %d3.0.4 = fadd float %a3.0, %a3.4
  %d3.0.5 = fadd float %a3.1, %a3.5
  %d3.0.6 = fadd float %a3.2, %a3.6
  %d3.0.7 = fadd float %a3.3, %a3.7
  %d3.0.2 = fadd float %d3.0.4, %d3.0.6
  %d3.0.3 = fadd float %d3.0.5, %d3.0.7
  %d3.0.1 = fadd float %d3.0.2, %d3.0.3
  %n3 = mul i32 %g, 1
  %w3 = getelementptr float, ptr addrspace(1) %p3, i32 %n3
  %v3.0 = insertelement <1 x float> poison, float %d3.0.1, i32 0
  store <1 x float> %v3.0, ptr addrspace(1) %w3, align 4
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
