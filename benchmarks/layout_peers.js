// Lays a graph out with Netron's dagre or with ELK and says how long that took.
//
//     node layout_peers.js dagre DAGRE.js < graph.json
//     node layout_peers.js elk ELK_FOLDER < graph.json
//
// The graph: {"boxes": [[width, height, parent, header, isContainer], ...], "links": [[a, b], ...]}.
// The answer: CPU seconds of the layout alone, in user and system mode, areas and routes.
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', async () => {
    const graph = JSON.parse(Buffer.concat(chunks).toString());
    const [, , kind, place] = process.argv;
    const run = kind === 'dagre' ? await dagre(graph, place) : await elk(graph, place);
    const before = process.cpuUsage();
    const result = await run();
    const used = process.cpuUsage(before);
    const seconds = (used.user + used.system) / 1e6;
    process.stdout.write(JSON.stringify({ seconds, ...result() }));
});

async function dagre(graph, place) {
    const library = await import(place);
    // As Netron's grapher.js calls it.
    const nodes = graph.boxes.map(([width, height, parent], index) => ({
        v: `${index}`, width, height, parent: parent < 0 ? undefined : `${parent}`
    }));
    const edges = graph.links.map(([a, b]) => ({
        v: `${a}`, w: `${b}`, minlen: 1, weight: 1, width: 0, height: 0, labeloffset: 10, labelpos: 'r'
    }));
    const layout = { nodesep: 20, ranksep: 20 };
    if (nodes.length > 3000) {
        layout.ranker = 'longest-path';
    }
    return async () => {
        library.layout(nodes, edges, layout, {});
        return () => ({
            areas: nodes.map((n) => [n.x - n.width / 2, n.y - n.height / 2, n.width, n.height]),
            routes: edges.map((e) => e.points.map((p) => [p.x, p.y]))
        });
    };
}

async function elk(graph, place) {
    const { createRequire } = await import('module');
    const ELK = createRequire(`${place}/package.json`)('elkjs/lib/elk.bundled.js');
    const engine = new ELK();
    const items = graph.boxes.map(([width, height, , header, isContainer], index) => (isContainer ? {
        id: `${index}`, children: [], layoutOptions: { 'elk.padding': `[top=${header + 14},left=14,bottom=14,right=14]` }
    } : { id: `${index}`, width, height }));
    const root = {
        id: 'root',
        children: [],
        edges: graph.links.map(([a, b], index) => ({ id: `e${index}`, sources: [`${a}`], targets: [`${b}`] })),
        layoutOptions: {
            'elk.algorithm': 'layered', 'elk.direction': 'DOWN', 'elk.edgeRouting': 'ORTHOGONAL',
            'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
            'elk.spacing.nodeNode': '20', 'elk.layered.spacing.nodeNodeBetweenLayers': '20'
        }
    };
    graph.boxes.forEach(([, , parent], index) => {
        (parent < 0 ? root : items[parent]).children.push(items[index]);
    });
    await engine.layout({ id: 'warm', children: [{ id: 'a', width: 1, height: 1 }] });
    return async () => {
        const laid = await engine.layout(root);
        return () => ({ width: laid.width, height: laid.height });
    };
}
