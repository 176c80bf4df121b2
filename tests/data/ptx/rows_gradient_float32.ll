define ptx_kernel void @kernel(ptr byval([32 x i64]) align 8 %args) {
entry:
  %n118 = alloca i64, align 64
  %n213 = alloca i64, align 64
  br label %start
start:
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %n1 = getelementptr inbounds i64, ptr %args, i64 10
  %n2 = load i64, ptr %n1
  %n3 = trunc i64 %n2 to i32
  %n4 = getelementptr inbounds i64, ptr %args, i64 19
  %n5 = load i64, ptr %n4
  %n6 = trunc i64 %n5 to i32
  %n7 = mul i32 %n3, %n6
  %n8 = mul i32 %block, 256
  %n9 = add i32 %n8, %thread
  %n10 = icmp ult i32 %n9, %n7
  br i1 %n10, label %n11.then, label %n11.after
n11.then:
  %n12 = udiv i32 %n9, %n6
  %n13 = urem i32 %n9, %n6
  %n14 = zext i32 %n12 to i64
  %n15 = getelementptr inbounds i64, ptr %args, i64 0
  %n16 = load ptr addrspace(1), ptr %n15
  %n17 = addrspacecast ptr addrspace(1) %n16 to ptr
  %n18 = getelementptr inbounds i64, ptr %args, i64 24
  %n19 = load i64, ptr %n18
  %n20 = mul i64 %n14, %n19
  %n21 = getelementptr inbounds float, ptr %n17, i64 %n20
  %n22 = getelementptr inbounds i64, ptr %args, i64 1
  %n23 = load ptr addrspace(1), ptr %n22
  %n24 = addrspacecast ptr addrspace(1) %n23 to ptr
  %n25 = getelementptr inbounds i64, ptr %args, i64 27
  %n26 = load i64, ptr %n25
  %n27 = mul i64 %n14, %n26
  %n28 = getelementptr inbounds i64, ptr %n24, i64 %n27
  %n29 = getelementptr inbounds i64, ptr %args, i64 2
  %n30 = load ptr addrspace(1), ptr %n29
  %n31 = addrspacecast ptr addrspace(1) %n30 to ptr
  %n32 = getelementptr inbounds i64, ptr %args, i64 30
  %n33 = load i64, ptr %n32
  %n34 = mul i64 %n14, %n33
  %n35 = getelementptr inbounds float, ptr %n31, i64 %n34
  %n36 = zext i32 %n13 to i64
  %n37 = getelementptr inbounds i64, ptr %args, i64 19
  %n38 = load i64, ptr %n37
  %n39 = getelementptr inbounds i64, ptr %args, i64 20
  %n40 = load i64, ptr %n39
  %n41 = getelementptr inbounds i64, ptr %args, i64 21
  %n42 = load i64, ptr %n41
  %n43 = getelementptr inbounds i64, ptr %args, i64 10
  %n44 = load i64, ptr %n43
  %n45 = mul i64 %n44, 0
  %n46 = getelementptr inbounds i64, ptr %args, i64 6
  %n47 = load ptr addrspace(1), ptr %n46
  %n48 = addrspacecast ptr addrspace(1) %n47 to ptr
  %n49 = add i64 %n45, %n14
  %n50 = getelementptr inbounds float, ptr %n48, i64 %n49
  %n51 = load float, ptr %n50
  %n52 = getelementptr inbounds i64, ptr %args, i64 10
  %n53 = load i64, ptr %n52
  %n54 = mul i64 %n53, 1
  %n55 = getelementptr inbounds i64, ptr %args, i64 6
  %n56 = load ptr addrspace(1), ptr %n55
  %n57 = addrspacecast ptr addrspace(1) %n56 to ptr
  %n58 = add i64 %n54, %n14
  %n59 = getelementptr inbounds float, ptr %n57, i64 %n58
  %n60 = load float, ptr %n59
  %n61 = getelementptr inbounds i64, ptr %args, i64 10
  %n62 = load i64, ptr %n61
  %n63 = mul i64 %n62, 2
  %n64 = getelementptr inbounds i64, ptr %args, i64 6
  %n65 = load ptr addrspace(1), ptr %n64
  %n66 = addrspacecast ptr addrspace(1) %n65 to ptr
  %n67 = add i64 %n63, %n14
  %n68 = getelementptr inbounds float, ptr %n66, i64 %n67
  %n69 = load float, ptr %n68
  %n70 = getelementptr inbounds i64, ptr %args, i64 10
  %n71 = load i64, ptr %n70
  %n72 = mul i64 %n71, 3
  %n73 = getelementptr inbounds i64, ptr %args, i64 6
  %n74 = load ptr addrspace(1), ptr %n73
  %n75 = addrspacecast ptr addrspace(1) %n74 to ptr
  %n76 = add i64 %n72, %n14
  %n77 = getelementptr inbounds float, ptr %n75, i64 %n76
  %n78 = load float, ptr %n77
  %n79 = getelementptr inbounds i64, ptr %args, i64 3
  %n80 = load ptr addrspace(1), ptr %n79
  %n81 = addrspacecast ptr addrspace(1) %n80 to ptr
  %n82 = getelementptr inbounds double, ptr %n81, i64 0
  %n83 = load double, ptr %n82
  %n85 = fptrunc double %n83 to float
  %n86 = getelementptr inbounds i64, ptr %args, i64 22
  %n87 = load i64, ptr %n86
  %n88 = mul i64 %n14, %n87
  %n89 = getelementptr inbounds i64, ptr %args, i64 9
  %n90 = load ptr addrspace(1), ptr %n89
  %n91 = addrspacecast ptr addrspace(1) %n90 to ptr
  %n92 = getelementptr inbounds float, ptr %n91, i64 %n88
  %n93 = load float, ptr %n92
  %n95 = fcmp une float %n60, 0x0000000000000000
  %n96 = fmul float %n60, %n85
  %n97 = select i1 %n95, float %n96, float 0x0000000000000000
  %n98 = fmul float %n97, %n93
  %n99 = fcmp une float %n69, 0x0000000000000000
  %n100 = fmul float %n69, %n85
  %n101 = select i1 %n99, float %n100, float 0x0000000000000000
  %n102 = fmul float %n101, %n93
  %n103 = fcmp une float %n78, 0x0000000000000000
  %n104 = fmul float %n78, %n85
  %n105 = select i1 %n103, float %n104, float 0x0000000000000000
  %n106 = fmul float %n105, %n93
  %n107 = load i64, ptr %n28
  %n108 = getelementptr inbounds i64, ptr %args, i64 14
  %n109 = load i64, ptr %n108
  %n110 = icmp ne i64 %n107, %n109
  %n111 = getelementptr inbounds i64, ptr %args, i64 12
  %n112 = load i64, ptr %n111
  %n113 = icmp uge i64 %n107, %n112
  %n114 = and i1 %n110, %n113
  %n115 = select i1 %n113, i64 0, i64 %n107
  %n116 = sitofp i64 %n115 to float
  %n117 = mul i64 %n38, 2
  store i64 0, ptr %n118
  br label %n119.head
n119.head:
  %n120 = load i64, ptr %n118
  %n121 = icmp slt i64 %n120, %n40
  br i1 %n121, label %n119.body, label %n119.done
n119.body:
  %n122 = mul i64 %n120, %n117
  %n123 = add i64 %n122, %n36
  %n124 = mul i64 %n38, 0
  %n125 = mul i64 %n38, 1
  %n126 = add i64 %n123, %n124
  %n127 = add i64 %n123, %n125
  %n128 = mul i64 %n126, 4
  %n129 = mul i64 %n127, 4
  %n130 = getelementptr inbounds float, ptr %n21, i64 %n128
  %n131 = getelementptr inbounds float, ptr %n130, i64 0
  %n132 = getelementptr inbounds float, ptr %n130, i64 1
  %n133 = getelementptr inbounds float, ptr %n130, i64 2
  %n134 = getelementptr inbounds float, ptr %n130, i64 3
  %n135 = load float, ptr %n131, align 16, !invariant.load !9
  %n136 = load float, ptr %n132, align 4, !invariant.load !9
  %n137 = load float, ptr %n133, align 4, !invariant.load !9
  %n138 = load float, ptr %n134, align 4, !invariant.load !9
  %n143 = getelementptr inbounds float, ptr %n21, i64 %n129
  %n144 = getelementptr inbounds float, ptr %n143, i64 0
  %n145 = getelementptr inbounds float, ptr %n143, i64 1
  %n146 = getelementptr inbounds float, ptr %n143, i64 2
  %n147 = getelementptr inbounds float, ptr %n143, i64 3
  %n148 = load float, ptr %n144, align 16, !invariant.load !9
  %n149 = load float, ptr %n145, align 4, !invariant.load !9
  %n150 = load float, ptr %n146, align 4, !invariant.load !9
  %n151 = load float, ptr %n147, align 4, !invariant.load !9
  %n156 = sitofp i64 %n128 to float
  %n157 = fadd float %n156, 0x0000000000000000
  %n158 = fadd float %n156, 0x3FF0000000000000
  %n159 = fadd float %n156, 0x4000000000000000
  %n160 = fadd float %n156, 0x4008000000000000
  %n161 = sitofp i64 %n129 to float
  %n162 = fadd float %n161, 0x0000000000000000
  %n163 = fadd float %n161, 0x3FF0000000000000
  %n164 = fadd float %n161, 0x4000000000000000
  %n165 = fadd float %n161, 0x4008000000000000
  %n166 = call { float } @slopes(float %n102, float %n135, float %n51, float %n98, float %n157, float %n116, float %n106)
  %n167 = extractvalue { float } %n166, 0
  %n168 = call { float } @slopes(float %n102, float %n136, float %n51, float %n98, float %n158, float %n116, float %n106)
  %n169 = extractvalue { float } %n168, 0
  %n170 = call { float } @slopes(float %n102, float %n137, float %n51, float %n98, float %n159, float %n116, float %n106)
  %n171 = extractvalue { float } %n170, 0
  %n172 = call { float } @slopes(float %n102, float %n138, float %n51, float %n98, float %n160, float %n116, float %n106)
  %n173 = extractvalue { float } %n172, 0
  %n174 = call { float } @slopes(float %n102, float %n148, float %n51, float %n98, float %n162, float %n116, float %n106)
  %n175 = extractvalue { float } %n174, 0
  %n176 = call { float } @slopes(float %n102, float %n149, float %n51, float %n98, float %n163, float %n116, float %n106)
  %n177 = extractvalue { float } %n176, 0
  %n178 = call { float } @slopes(float %n102, float %n150, float %n51, float %n98, float %n164, float %n116, float %n106)
  %n179 = extractvalue { float } %n178, 0
  %n180 = call { float } @slopes(float %n102, float %n151, float %n51, float %n98, float %n165, float %n116, float %n106)
  %n181 = extractvalue { float } %n180, 0
  %n182 = mul i64 %n126, 4
  %n183 = getelementptr inbounds float, ptr %n35, i64 %n182
  %n184 = getelementptr inbounds float, ptr %n183, i64 0
  %n185 = getelementptr inbounds float, ptr %n183, i64 1
  %n186 = getelementptr inbounds float, ptr %n183, i64 2
  %n187 = getelementptr inbounds float, ptr %n183, i64 3
  %n192 = insertelement <4 x float> poison, float %n167, i32 0
  %n193 = insertelement <4 x float> %n192, float %n169, i32 1
  %n194 = insertelement <4 x float> %n193, float %n171, i32 2
  %n195 = insertelement <4 x float> %n194, float %n173, i32 3
  store <4 x float> %n195, ptr %n184, align 16
  %n196 = mul i64 %n127, 4
  %n197 = getelementptr inbounds float, ptr %n35, i64 %n196
  %n198 = getelementptr inbounds float, ptr %n197, i64 0
  %n199 = getelementptr inbounds float, ptr %n197, i64 1
  %n200 = getelementptr inbounds float, ptr %n197, i64 2
  %n201 = getelementptr inbounds float, ptr %n197, i64 3
  %n206 = insertelement <4 x float> poison, float %n175, i32 0
  %n207 = insertelement <4 x float> %n206, float %n177, i32 1
  %n208 = insertelement <4 x float> %n207, float %n179, i32 2
  %n209 = insertelement <4 x float> %n208, float %n181, i32 3
  store <4 x float> %n209, ptr %n198, align 16
  %n210 = add nuw nsw i64 %n120, 1
  store i64 %n210, ptr %n118
  br label %n119.head, !llvm.loop !2
n119.done:
  %n211 = mul i64 %n40, %n117
  %n212 = add i64 %n211, %n36
  store i64 0, ptr %n213
  br label %n214.head
n214.head:
  %n215 = load i64, ptr %n213
  %n216 = icmp slt i64 %n215, %n42
  br i1 %n216, label %n214.body, label %n214.done
n214.body:
  %n217 = mul i64 %n215, %n38
  %n218 = add i64 %n212, %n217
  %n219 = getelementptr inbounds i64, ptr %args, i64 13
  %n220 = load i64, ptr %n219
  %n221 = icmp ult i64 %n218, %n220
  br i1 %n221, label %n222.then, label %n222.after
n222.then:
  %n223 = mul i64 %n218, 4
  %n224 = getelementptr inbounds float, ptr %n21, i64 %n223
  %n225 = getelementptr inbounds float, ptr %n224, i64 0
  %n226 = getelementptr inbounds float, ptr %n224, i64 1
  %n227 = getelementptr inbounds float, ptr %n224, i64 2
  %n228 = getelementptr inbounds float, ptr %n224, i64 3
  %n229 = load float, ptr %n225, align 16, !invariant.load !9
  %n230 = load float, ptr %n226, align 4, !invariant.load !9
  %n231 = load float, ptr %n227, align 4, !invariant.load !9
  %n232 = load float, ptr %n228, align 4, !invariant.load !9
  %n237 = sitofp i64 %n223 to float
  %n238 = fadd float %n237, 0x0000000000000000
  %n239 = fadd float %n237, 0x3FF0000000000000
  %n240 = fadd float %n237, 0x4000000000000000
  %n241 = fadd float %n237, 0x4008000000000000
  %n242 = call { float } @slopes(float %n102, float %n229, float %n51, float %n98, float %n238, float %n116, float %n106)
  %n243 = extractvalue { float } %n242, 0
  %n244 = call { float } @slopes(float %n102, float %n230, float %n51, float %n98, float %n239, float %n116, float %n106)
  %n245 = extractvalue { float } %n244, 0
  %n246 = call { float } @slopes(float %n102, float %n231, float %n51, float %n98, float %n240, float %n116, float %n106)
  %n247 = extractvalue { float } %n246, 0
  %n248 = call { float } @slopes(float %n102, float %n232, float %n51, float %n98, float %n241, float %n116, float %n106)
  %n249 = extractvalue { float } %n248, 0
  %n250 = mul i64 %n218, 4
  %n251 = getelementptr inbounds float, ptr %n35, i64 %n250
  %n252 = getelementptr inbounds float, ptr %n251, i64 0
  %n253 = getelementptr inbounds float, ptr %n251, i64 1
  %n254 = getelementptr inbounds float, ptr %n251, i64 2
  %n255 = getelementptr inbounds float, ptr %n251, i64 3
  %n260 = insertelement <4 x float> poison, float %n243, i32 0
  %n261 = insertelement <4 x float> %n260, float %n245, i32 1
  %n262 = insertelement <4 x float> %n261, float %n247, i32 2
  %n263 = insertelement <4 x float> %n262, float %n249, i32 3
  store <4 x float> %n263, ptr %n252, align 16
  br label %n222.after
n222.after:
  %n264 = add nuw nsw i64 %n215, 1
  store i64 %n264, ptr %n213
  br label %n214.head, !llvm.loop !2
n214.done:
  br label %n11.after
n11.after:
  ret void
}
define internal { float } @slopes(float %x0, float %x1, float %x2, float %x3, float %x4, float %x5, float %x6) alwaysinline {
  %v3 = fsub float %x1, %x2
  %v5 = fcmp ogt float %v3, 0x0000000000000000
  %v6 = select i1 %v5, float 0x0000000000000000, float %v3
  %v8 = fcmp olt float %v6, 0xC05B800000000000
  %v9 = select i1 %v8, float 0xC05B800000000000, float %v6
  %v12 = call float @llvm.fma.f32(float %v9, float 0x3FF7154760000000, float 0x4168000000000000)
  %v13 = fsub float %v12, 0x4168000000000000
  %v15 = call float @llvm.fma.f32(float %v13, float 0xBFE62E4300000000, float %v9)
  %v17 = call float @llvm.fma.f32(float %v13, float 0x3E205C6100000000, float %v15)
  %v20 = call float @llvm.fma.f32(float 0x3F56D10FC0000000, float %v17, float 0x3F8120B620000000)
  %v22 = call float @llvm.fma.f32(float %v20, float %v17, float 0x3FA55551A0000000)
  %v24 = call float @llvm.fma.f32(float %v22, float %v17, float 0x3FC5554DE0000000)
  %v26 = call float @llvm.fma.f32(float %v24, float %v17, float 0x3FE0000000000000)
  %v27 = bitcast float %v12 to i32
  %v28 = bitcast float 0x4168000000000000 to i32
  %v29 = sub i32 %v27, %v28
  %v30 = fmul float %v17, %v17
  %v31 = call float @llvm.fma.f32(float %v26, float %v30, float %v17)
  %v33 = fadd float 0x3FF0000000000000, %v31
  %v35 = add i32 %v29, 63
  %v37 = add i32 %v35, 127
  %v39 = shl i32 %v37, 23
  %v40 = bitcast i32 %v39 to float
  %v41 = fmul float %v33, %v40
  %v43 = fmul float %v41, 0x3C00000000000000
  %v44 = fcmp ogt float %x1, %x2
  %v46 = fmul float %v43, %x3
  %v47 = select i1 %v44, float %x0, float %v46
  %v50 = fcmp oeq float %x4, %x5
  %v52 = select i1 %v50, float %x6, float %v47
  %r0 = insertvalue { float } poison, float %v52, 0
  ret { float } %r0
}
declare float @llvm.fma.f32(float, float, float)
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.interleave.count", i32 2}
!2 = distinct !{!2, !3, !4}
!3 = !{!"llvm.loop.vectorize.enable", i1 false}
!4 = !{!"llvm.loop.unroll.disable"}
!9 = !{}
