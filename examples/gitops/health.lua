-- Health of a VLFineTune for Argo CD: resource.customizations.health.vlfinetune.io_VLFineTune in ConfigMap argocd-cm.
-- Healthy from the moment the run is in force; with the annotation vlfinetune.io/health: completion, from its success.
local function condition(type)
  for _, c in ipairs(obj.status.conditions) do
    if c.type == type then
      return c
    end
  end
  return { status = "Unknown", message = "" }
end

if obj.status == nil or obj.status.conditions == nil then
  return { status = "Progressing", message = "the operator has not looked at this run yet" }
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not looked at the latest spec yet" }
end
local stalled = condition("Stalled")
if stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. stalled.message }
end
local reconciling = condition("Reconciling")
if reconciling.status == "True" then
  return { status = "Progressing", message = reconciling.message }
end
local suspended = condition("Suspended")
if suspended.status == "True" then
  return { status = "Suspended", message = suspended.message }
end
local ready = condition("Ready")
if ready.status ~= "True" then
  return { status = "Progressing", message = ready.message }
end
if condition("Running").status == "True" then
  return { status = "Healthy", message = condition("Progressing").message }
end
return { status = "Healthy", message = ready.message }
